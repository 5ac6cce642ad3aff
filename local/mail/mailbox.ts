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

  /** The driver that @supabase/lite sends with. */
  readonly driver = {
    send: (mail: SentMail): Promise<void> => {
      const text = mail.text ?? mail.html ?? "";
      const { to, subject } = mail;
      const links = [...text.matchAll(/https?:\/\/[^\s"'<>]+/g)].map(([link]) => link.replaceAll("&amp;", "&"));
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
