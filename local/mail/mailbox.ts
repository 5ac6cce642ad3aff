import { AsyncLocalStorage } from "node:async_hooks";

/** A mail that Auth would have sent. */
export interface Mail {
  id: number;
  /** ISO 8601. */
  at: string;
  to: string;
  subject: string;
  text: string;
  /** The links of the text, in order. */
  links: string[];
}

/** What @supabase/lite hands to a driver. */
interface SentMail {
  to: string;
  subject: string;
  text?: string | undefined;
  html?: string | undefined;
}

/** Enough for a day of development. Each has a link that signs a user in, so none is written to a file. */
const MOST_MAILS = 200;

/** Keeps the mails of Auth in memory instead of sending them. */
export class Mailbox {
  #mails: Mail[] = [];
  #lastId = 0;
  readonly #redirectTo = new AsyncLocalStorage<string | null>();

  /** Runs a request to Auth. The links of the mails that it sends lead to a page; null: where Auth leads them. */
  leadingTo<Result>(page: string | null, request: () => Result): Result {
    return this.#redirectTo.run(page, request);
  }

  /** The driver that @supabase/lite sends with. */
  readonly driver = {
    send: (mail: SentMail): Promise<void> => {
      const { to, subject } = mail;
      const page = this.#redirectTo.getStore() ?? null;
      const links: string[] = [];
      const text = (mail.text ?? mail.html ?? "").replace(/https?:\/\/[^\s"'<>]+/g, (written) => {
        const link = leadTo(page, written.replaceAll("&amp;", "&"));
        links.push(link);
        return link;
      });
      this.#mails.push({ id: ++this.#lastId, at: new Date().toISOString(), to, subject, text, links });
      this.#mails = this.#mails.slice(-MOST_MAILS);
      return Promise.resolve();
    },
  };

  /** The mails to an address, or all of them, newest first. */
  list(to?: string): Mail[] {
    return this.#mails.filter((mail) => to === undefined || mail.to.toLowerCase() === to.toLowerCase()).reverse();
  }

  clear(): void {
    this.#mails = [];
  }
}

function leadTo(page: string | null, link: string): string {
  const url = new URL(link);
  if (page === null || !url.searchParams.has("redirect_to")) return link;
  url.searchParams.set("redirect_to", page);
  return url.href;
}
