import { SegmentedControl } from "@mantine/core";
import { Panel } from "../platform/panel.tsx";
import { type EnterKey, useEnterKey } from "../send-message/enter-key.ts";

/** The choice of the key that sends a message, for this browser. */
export function WritingPanel() {
  const { enter, setEnter, modifier } = useEnterKey();
  return (
    <Panel
      title="Writing messages"
      description={`What Enter does in the field of a message, in this browser. ${modifier} + Enter always sends.`}
    >
      <SegmentedControl
        className="segments-wrap"
        withItemsBorders={false}
        aria-label="Enter"
        value={enter}
        onChange={(value) => setEnter(value as EnterKey)}
        data={[{ value: "new-line", label: "Starts a new line" }, { value: "sends", label: "Sends the message" }]}
      />
    </Panel>
  );
}
