/** A machine that just registered may need this long until it has written its Node object. */
const GRACE_MS = 10 * 60_000;
/** The longest name whose identity record still has a valid name of its own. */
const MAX_NAME_LENGTH = 239;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What is known about a name at the moment when a machine wants to register under it. */
export interface RegistrationFacts {
  /** The identity that holds the name, if any. */
  readonly registered: { readonly keyFingerprint: string; readonly registeredAt: Date } | undefined;
  /** The key that asks. */
  readonly keyFingerprint: string;
  readonly nodeExists: boolean;
  readonly connected: boolean;
  readonly tokenAllowsReplace: boolean;
  readonly now: Date;
}

/**
 * Whether a key may register under a name. A name belongs to the key that came first, as long as its Node exists, it
 * is connected or it only just registered; deleting the Node frees the name.
 */
export function mayRegister(facts: RegistrationFacts): boolean {
  const { registered } = facts;
  if (!registered || registered.keyFingerprint === facts.keyFingerprint) return true;
  if (facts.tokenAllowsReplace) return true;
  const fresh = facts.now.getTime() - registered.registeredAt.getTime() < GRACE_MS;
  return !facts.nodeExists && !facts.connected && !fresh;
}

/** Undefined when the name can be a node's; otherwise what is wrong with it. */
export function nodeNameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return `must be no more than ${MAX_NAME_LENGTH} characters`;
  if (!DNS_SUBDOMAIN.test(name))
    return 'must consist of lower case letters, digits, "-" and ".", and start and end with a letter or digit';
  return undefined;
}
