import type { UserInfo } from '../http/extension';

const PREFIX = 'system:node:';
export const NODES_GROUP = 'system:nodes';

/** The identity that a node's certificate carries. */
export function nodeUser(nodeName: string): UserInfo {
  return { name: PREFIX + nodeName, groups: [NODES_GROUP, 'system:authenticated'] };
}

/** The node that a user is, or undefined for every other user. Both the name and the group must fit. */
export function nodeNameOf(user: UserInfo): string | undefined {
  return user.name.startsWith(PREFIX) && user.name.length > PREFIX.length && user.groups.includes(NODES_GROUP)
    ? user.name.slice(PREFIX.length)
    : undefined;
}
