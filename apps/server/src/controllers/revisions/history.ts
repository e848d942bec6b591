import { isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { controllerRevisionKind } from '@wheelhouse/shared/kinds/apps/controller-revision';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, LabelSelector, Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerRevision } from 'kubernetes-types/apps/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { templateHash } from '../deployment/template-hash';
import { claimMembers } from '../machinery/claim-members';
import type { ControllerContext } from '../machinery/controller';
import { controllerOf, controllerReference } from '../machinery/owners';
import { sameJson } from '../machinery/same-json';
import { selectorMatcher } from '../machinery/selectors';
import { beyondLimit, type LimitedRevisions, planRevision, revisionData, type StoredRevision } from './plan';

/** On pods: the revision that they were made from. */
export const REVISION_LABEL = 'controller-revision-hash';
export const HASH_LABEL = 'controller.kubernetes.io/hash';
/** Bookkeeping of clients, which would only make revisions large. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** A kind that keeps its history in ControllerRevisions. */
export interface RevisedObject extends KubeObject {
  spec?: { selector?: LabelSelector; template?: PodTemplateSpec; revisionHistoryLimit?: number };
  status?: { readonly collisionCount?: number };
}

export interface History {
  /** The revision of the current template, the newest. */
  readonly newest: StoredRevision;
  readonly all: readonly StoredRevision[];
  /** How often a name was taken by another template; for the owner's status. */
  readonly collisions: number;
}

/** In what the histories of the kinds differ. */
export interface HistoryRules {
  /** The label of a revision that has its hash. */
  readonly hashLabel: string;
  readonly limited: LimitedRevisions;
}

/** Keeps the history of the owners of one kind. */
export function revisionHistory<T extends RevisedObject>(
  context: ControllerContext,
  type: ResourceType<T>,
  rules: HistoryRules,
) {
  const { client } = context;
  const revisions = context.cache(controllerRevisionKind);

  /** Resolves once the template of the owner has its revision. Writes nothing when it already is the newest. */
  async function sync(owner: Stored<T>): Promise<History> {
    const all = await claimed(owner);
    const data = revisionData(owner.spec?.template);
    const step = planRevision(all, data);
    const collisions = owner.status?.collisionCount ?? 0;
    if (step.kind === 'found') return { newest: step.revision, all, collisions };
    if (step.kind === 'renumber') {
      const newest = await client.update(controllerRevisionKind, { ...step.revision, revision: step.number });
      return { newest, all: [...all.filter((revision) => revision !== step.revision), newest], collisions };
    }
    const made = await create(owner, step.number, collisions);
    const rest = all.filter(({ metadata }) => metadata.uid !== made.newest.metadata.uid);
    return { ...made, all: [...rest, made.newest] };
  }

  async function claimed(owner: Stored<T>): Promise<StoredRevision[]> {
    const { namespace = '', uid } = owner.metadata;
    const matches = selectorMatcher(owner.spec?.selector);
    const own = revisions.byIndex('controller', uid);
    const wrote = await claimMembers(client, {
      ownerType: type,
      owner,
      memberType: controllerRevisionKind,
      candidates: [...own, ...revisions.byIndex('orphan', namespace)],
      matches: ({ metadata }) => matches(metadata.labels),
    });
    return wrote ? revisions.byIndex('controller', uid) : own;
  }

  async function create(
    owner: Stored<T>,
    number: number,
    taken: number,
  ): Promise<Pick<History, 'newest' | 'collisions'>> {
    const { namespace = '', uid } = owner.metadata;
    for (let collisions = taken; ; collisions += 1) {
      const wanted = newRevision(owner, number, collisions);
      try {
        return { newest: await client.create(controllerRevisionKind, wanted), collisions };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      const name = wanted.metadata?.name ?? '';
      const other = await client.get(controllerRevisionKind, { namespace, name });
      // The answer to an earlier creation was lost.
      if (controllerOf(other)?.uid === uid && sameJson(other.data, wanted.data)) {
        const newest =
          other.revision === number
            ? other
            : await client.update(controllerRevisionKind, { ...other, revision: number });
        return { newest, collisions };
      }
    }
  }

  function newRevision(owner: Stored<T>, revision: number, collisions: number): ControllerRevision {
    const { name, namespace = '', annotations } = owner.metadata;
    const { template } = owner.spec ?? {};
    const hash = templateHash(template, collisions);
    const { [LAST_APPLIED]: _, ...kept } = annotations ?? {};
    return {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...template?.metadata?.labels, [rules.hashLabel]: hash },
        annotations: kept,
        ownerReferences: [controllerReference(type, owner)],
      },
      data: revisionData(template),
      revision,
    };
  }

  /** Deletes what the owner's limit does not cover. `inUse`: names of revisions that stay in any case. */
  async function trim(owner: Stored<T>, all: readonly StoredRevision[], inUse: ReadonlySet<string>) {
    const limit = owner.spec?.revisionHistoryLimit ?? 10;
    for (const { metadata } of beyondLimit(all, inUse, { limit, limited: rules.limited })) {
      try {
        await client.delete(controllerRevisionKind, metadata, { preconditions: { uid: metadata.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  return { sync, trim };
}

/** The short text that tells a revision's pods apart, as in its name. */
export function hashOf(revision: StoredRevision): string {
  return revision.metadata.labels?.[HASH_LABEL] ?? revision.metadata.labels?.[REVISION_LABEL] ?? '';
}
