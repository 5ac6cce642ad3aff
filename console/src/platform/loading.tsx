import { Skeleton, type SkeletonProps } from "@mantine/core";

export interface LoadingProps extends Omit<SkeletonProps, "aria-label" | "role"> {
  /** What is loading, such as `Loading your numbers`. */
  label: string;
}

/** The place of something that is loading. */
export function Loading({ label, ...props }: LoadingProps) {
  return <Skeleton role="status" aria-label={label} {...props} />;
}
