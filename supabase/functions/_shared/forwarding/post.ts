import { postSigned, type SignedPost, type SignedPostDependencies } from "../platform/signed-post.ts";
import { isPublicTarget } from "../platform/public-target.ts";

export interface PostDependencies extends SignedPostDependencies {
  /** Whether tenants' servers may be on this machine or in its private network. */
  forwardToPrivate: boolean;
}

/**
 * Posts an event to a tenant's webhook, if its URL would be accepted today.
 * @returns the status. @throws Error that does not quote the URL
 */
export async function postEvent(
  delivery: Omit<SignedPost, "receiver">,
  dependencies: PostDependencies,
): Promise<number> {
  const receiver = "the tenant's webhook";
  if (!isPublicTarget(delivery.url, dependencies.forwardToPrivate)) {
    throw new Error(`${receiver} is not a public https URL`);
  }
  return await postSigned({ ...delivery, receiver }, dependencies);
}
