import { isApproval, isProtectedGroup } from '@wheelhouse/shared/kinds/apiextensions/definition-validation';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from 'kubernetes-types/apiextensions/v1';

const APPROVAL = 'api-approved.kubernetes.io';

export function conditionOf(
  definition: CustomResourceDefinition,
  type: string,
): CustomResourceDefinitionCondition | undefined {
  return definition.status?.conditions?.find((condition) => condition.type === type);
}

export function isEstablished(definition: CustomResourceDefinition): boolean {
  return conditionOf(definition, 'Established')?.status === 'True';
}

/** The conditions with one of them set; its time moves only when its status does. */
export function withCondition(
  conditions: readonly CustomResourceDefinitionCondition[],
  wanted: Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>,
  now: Date,
): CustomResourceDefinitionCondition[] {
  const at = conditions.findIndex(({ type }) => type === wanted.type);
  const old = conditions[at];
  const lastTransitionTime =
    old && old.status === wanted.status ? old.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
  const next = { ...wanted, ...(lastTransitionTime ? { lastTransitionTime } : {}) };
  return at < 0 ? [...conditions, next] : conditions.with(at, next);
}

/**
 * What the status of a definition has to say about its names: those that no other definition of the group holds are
 * accepted; once all of them were, it is established for good. `others`: the group's other definitions.
 */
export function planNames(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: Date,
): CustomResourceDefinitionStatus {
  const { names } = definition.spec;
  const held = others.map(({ status }) => status?.acceptedNames).filter((accepted) => accepted !== undefined);
  const resources = new Set(
    held
      .flatMap(({ plural, singular, shortNames }) => [plural, singular, ...(shortNames ?? [])])
      .filter(Boolean),
  );
  const kinds = new Set(held.flatMap(({ kind, listKind }) => [kind, listKind]).filter(Boolean));
  const accepted: CustomResourceDefinitionNames = {
    ...(definition.status?.acceptedNames ?? { plural: '', kind: '' }),
  };
  let refusal: { reason: string; message: string } | undefined;
  const refuse = (reason: string, message: string) => {
    // As in Kubernetes, the last one is told.
    refusal = { reason, message };
  };
  const inUse = (name: string) => `${JSON.stringify(name)} is already in use`;

  if (resources.has(names.plural)) refuse('PluralConflict', inUse(names.plural));
  else accepted.plural = names.plural;
  if (names.singular && resources.has(names.singular)) refuse('SingularConflict', inUse(names.singular));
  else if (names.singular) accepted.singular = names.singular;
  const taken = (names.shortNames ?? []).filter((name) => resources.has(name));
  if (taken.length > 0) refuse('ShortNamesConflict', taken.map(inUse).join(', '));
  else if (names.shortNames) accepted.shortNames = [...names.shortNames];
  else delete accepted.shortNames;
  if (kinds.has(names.kind)) refuse('KindConflict', inUse(names.kind));
  else accepted.kind = names.kind;
  if (names.listKind && kinds.has(names.listKind)) refuse('ListKindConflict', inUse(names.listKind));
  else if (names.listKind) accepted.listKind = names.listKind;
  if (names.categories) accepted.categories = [...names.categories];
  else delete accepted.categories;

  let conditions = withCondition(
    definition.status?.conditions ?? [],
    refusal
      ? { type: 'NamesAccepted', status: 'False', ...refusal }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    now,
  );
  if (!isEstablished(definition)) {
    conditions = withCondition(
      conditions,
      refusal
        ? {
            type: 'Established',
            status: 'False',
            reason: 'NotAccepted',
            message: 'not all names are accepted',
          }
        : {
            type: 'Established',
            status: 'True',
            reason: 'InitialNamesAccepted',
            message: 'the initial names have been accepted',
          },
      now,
    );
  }
  const approval = approvalOf(definition);
  if (approval) conditions = withCondition(conditions, approval, now);
  const status = definition.status ?? {};
  const next = { ...status, acceptedNames: accepted, conditions };
  return equalJson(next, status) ? status : next;
}

/** Definitions in Kubernetes' own groups say whether somebody has approved of them. */
function approvalOf({
  spec,
  metadata,
}: CustomResourceDefinition): Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'> | undefined {
  if (!isProtectedGroup(spec.group)) return undefined;
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const approval = metadata?.annotations?.[APPROVAL];
  const see = `see https://github.com/kubernetes/enhancements/pull/1111`;
  if (!approval) {
    return {
      type,
      status: 'False',
      reason: 'MissingAnnotation',
      message: `protected groups must have approval annotation "${APPROVAL}", ${see}`,
    };
  }
  if (approval.startsWith('unapproved')) {
    return {
      type,
      status: 'False',
      reason: 'UnapprovedAnnotation',
      message: `not approved: ${JSON.stringify(approval)}`,
    };
  }
  if (!isApproval(approval)) {
    return {
      type,
      status: 'False',
      reason: 'InvalidAnnotation',
      message: `protected groups must have approval annotation "${APPROVAL}" with either a URL or a reason starting with "unapproved", ${see}`,
    };
  }
  return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${approval}` };
}
