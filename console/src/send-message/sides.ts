/** The two numbers of a conversation, in E.164. */
export interface Sides {
  /** The tenant's number. */
  own: string;
  peer: string;
}
