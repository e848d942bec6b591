import { KINDS } from '../generated/kinds';
import type { KindDefinition } from '../meta/kind';

/** Every kind that is served: one for each file of this folder's groups that defines one. */
export const allKinds: readonly KindDefinition[] = KINDS;
