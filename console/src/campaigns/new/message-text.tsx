import type { Part } from "./render.ts";

/** A recipient's message, with what is their own marked. */
export function MessageText({ parts }: { parts: readonly Part[] }) {
  return (
    <div className="campaign-bubble">
      {parts.map(({ text, column, isMissing }, index) =>
        column === null ? text : (
          <span
            key={index}
            className={isMissing ? "campaign-missing" : "campaign-value"}
            title={isMissing ? `${column} is missing` : column}
          >
            {text}
          </span>
        )
      )}
    </div>
  );
}
