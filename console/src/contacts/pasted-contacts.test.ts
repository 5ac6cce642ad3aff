import assert from "node:assert/strict";
import { tableOf } from "../platform/table.ts";
import { pastedContacts } from "./pasted-contacts.ts";

Deno.test("pastedContacts reads number, name, tags and notes from lines without a heading", () => {
  assert.deepEqual(
    pastedContacts(tableOf([["+14155550142", "Ada Lovelace", "VIP | London", "Calls on Mondays"], [""], ["+1415"]])),
    [
      {
        line: 1,
        contact: {
          phoneNumber: "+14155550142",
          name: "Ada Lovelace",
          tags: ["VIP", "London"],
          notes: "Calls on Mondays",
        },
      },
      { line: 3, contact: { phoneNumber: "+1415" } },
    ],
  );
});

Deno.test("pastedContacts takes the columns from a heading, in any order, and ignores others", () => {
  const rows = [["Name", "E-Mail", "Phone_Number"], ["Ada", "ada@example.test", "+14155550142"], ["Bob", "", ""]];
  assert.deepEqual(pastedContacts(tableOf(rows)), [
    { line: 2, contact: { name: "Ada", phoneNumber: "+14155550142" } },
    { line: 3, contact: { name: "Bob" } },
  ]);
});

Deno.test("pastedContacts reads nothing from nothing", () => {
  assert.deepEqual(pastedContacts([]), []);
  assert.deepEqual(pastedContacts(tableOf([[""]])), []);
});
