import { Anchor, Group, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useEffect, useRef, useState } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { PictureMissing } from "./picture-missing.tsx";
import { problemOf, useMediaLink } from "./use-media-link.ts";

export interface PictureProps {
  message: ListedMessage;
  index: number;
  /** What the picture is, for those who do not see it. */
  name: string;
}

/** A picture in a space of fixed size, so that nothing moves when it is loaded. A click shows it large. */
export function Picture({ message, index, name }: PictureProps) {
  const { link, renew } = useMediaLink(message, index);
  const [problem, setProblem] = useState<string | null>(null);
  const [isLoaded, setIsLoaded] = useState(false);
  const renewals = useRef(0);
  // A new link can be the same text, if it is made in the same second.
  const [attempt, setAttempt] = useState(0);

  async function load() {
    setProblem(null);
    const renewed = await renew();
    setAttempt((count) => count + 1);
    if (renewed.link === null) setProblem(renewed.problem);
  }

  useEffect(() => {
    if (link === null) void load();
  }, []);

  /** The link may have expired: once, a new one is tried before the picture is called missing. */
  async function onError() {
    renewals.current += 1;
    if (renewals.current === 1 && message.direction === "inbound") return await load();
    setProblem(link === null ? "This picture could not be loaded" : await problemOf(link));
  }

  if (problem !== null) {
    const retry = () => {
      renewals.current = 0;
      void load();
    };
    return <PictureMissing reason={problem} onRetry={message.direction === "inbound" ? retry : undefined} />;
  }
  return (
    <button
      type="button"
      className="bubble-picture"
      aria-label={`${name}: show it large`}
      onClick={() => showLarge(message, index, name)}
      disabled={!isLoaded}
    >
      {link !== null && (
        <img
          key={`${attempt} ${link}`}
          src={link}
          alt={name}
          decoding="async"
          draggable={false}
          onLoad={() => setIsLoaded(true)}
          onError={() => void onError()}
        />
      )}
    </button>
  );
}

function showLarge(message: ListedMessage, index: number, name: string) {
  modals.open({
    title: name,
    size: "auto",
    centered: true,
    closeButtonProps: { "aria-label": "Close" },
    children: <LargePicture message={message} index={index} name={name} />,
  });
}

function LargePicture({ message, index, name }: PictureProps) {
  const { link, renew } = useMediaLink(message, index);
  const [hasFailed, setHasFailed] = useState(false);
  useEffect(() => {
    if (link === null) void renew().then((renewed) => setHasFailed(renewed.link === null));
  }, []);
  if (hasFailed) return <Text>This picture could not be loaded</Text>;
  return (
    <>
      <img className="large-picture" src={link ?? undefined} alt={name} onError={() => setHasFailed(true)} />
      <Group justify="flex-end" mt="xs">
        <Anchor href={link ?? undefined} target="_blank" rel="noreferrer" size="sm">Open in a new tab</Anchor>
      </Group>
    </>
  );
}
