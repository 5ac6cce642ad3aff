import { Button } from "@mantine/core";
import { ImageOff } from "lucide-react";

/** Shown in the place of a picture that cannot be shown. */
export function PictureMissing({ reason, onRetry }: { reason: string; onRetry?: (() => void) | undefined }) {
  return (
    <div className="bubble-picture bubble-picture-missing" role="note">
      <ImageOff size={22} aria-hidden />
      <span>{reason}</span>
      {onRetry !== undefined && <Button size="compact-xs" variant="default" onClick={onRetry}>Try again</Button>}
    </div>
  );
}
