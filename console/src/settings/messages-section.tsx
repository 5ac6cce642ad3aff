import { Stack, Text, Textarea } from "@mantine/core";
import { useId } from "react";
import { Panel } from "../platform/panel.tsx";
import { SegmentMeter } from "../send-message/segment-meter.tsx";
import { FieldConflict } from "./field-conflict.tsx";
import { type Keyword, KEYWORDS } from "./keywords.ts";
import type { LoadedRules } from "./use-rules.ts";

/** The answers to STOP, START and HELP, and how a phone shows them. */
export function MessagesSection({ rules }: { rules: LoadedRules }) {
  return (
    <Stack gap="lg">
      {KEYWORDS.map((keyword) => <KeywordPanel key={keyword.word} keyword={keyword} rules={rules} />)}
    </Stack>
  );
}

function KeywordPanel({ keyword, rules }: { keyword: Keyword; rules: LoadedRules }) {
  const { word, field, others, about, twilio, when } = keyword;
  const { editing: { draft }, edit, shownProblems } = rules;
  const text = draft[field];
  return (
    <Panel title={`Answer to ${word}`} description={about}>
      <div className="keyword">
        <div className="keyword-field">
          <Textarea
            id={field}
            label="Your answer"
            description={when}
            placeholder={twilio}
            autosize
            minRows={3}
            maxRows={8}
            value={text}
            error={shownProblems[field]}
            onChange={(event) => edit({ [field]: event.currentTarget.value })}
          />
          {text.trim() !== "" && (
            <SegmentMeter
              body={text}
              price={null}
              onReplace={(body) => edit({ [field]: body })}
            />
          )}
          <FieldConflict field={field} rules={rules} />
          <Text size="xs" c="dimmed" mt={6}>Also for {others}. Empty: Twilio's own answer alone.</Text>
        </div>
        <Phone keyword={keyword} text={text.trim()} />
      </div>
    </Panel>
  );
}

/** The conversation as the recipient's phone shows it: what they wrote is on their own side. */
function Phone({ keyword: { word, twilio }, text }: { keyword: Keyword; text: string }) {
  const labelId = useId();
  const isBlocked = word === "STOP" && text !== "";
  return (
    <figure className="phone" aria-labelledby={labelId}>
      <figcaption id={labelId}>On the recipient's phone</figcaption>
      <div className="phone-sent">{word}</div>
      <div className="phone-received">{twilio}</div>
      <span className="phone-note">From Twilio</span>
      {text !== "" && (
        <>
          <div className="phone-received" data-blocked={isBlocked || undefined}>{text}</div>
          <span className="phone-note">
            {isBlocked ? "From you, instead, if Twilio's answers are off" : "From you"}
          </span>
        </>
      )}
    </figure>
  );
}
