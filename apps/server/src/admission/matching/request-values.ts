import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { AdmissionAttributes, EquivalentForm } from '../admission';

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A request in the form in which somebody outside is told about it. */
export interface RequestForm {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly kind: GroupVersionKind;
  readonly form: EquivalentForm | undefined;
}

/** Brings the request into a form; undefined: leaves it as it came in. */
export async function inForm(
  attributes: AdmissionAttributes,
  form: EquivalentForm | undefined,
): Promise<RequestForm> {
  const { sent } = attributes;
  // What subresources carry is the same for all forms of the resource.
  if (sent) return { object: sent.object, oldObject: sent.oldObject, kind: sent.kind, form };
  const { object, oldObject, kind } = attributes;
  if (!form) return { object, oldObject, kind, form };
  return {
    object: object && (await form.from(object)),
    oldObject: oldObject && (await form.from(oldObject)),
    kind: form.kind,
    form,
  };
}

/** What webhooks and expressions are told about a request, beside its objects: the fields of an AdmissionRequest. */
export function requestValues(attributes: AdmissionAttributes, { kind, form }: RequestForm): object {
  const { subresource, namespace, name, user, dryRun, options, sent } = attributes;
  const requested = attributes.kind;
  const resource = form?.kind ?? requested;
  const requestKind = sent?.kind ?? requested;
  return {
    kind: kindOf(kind),
    resource: resourceOf(resource),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: kindOf(requestKind),
    requestResource: resourceOf(requested),
    ...(subresource ? { requestSubResource: subresource } : {}),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    operation: (sent?.operation ?? attributes.operation).toUpperCase(),
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    options: options ?? null,
  };
}

function kindOf({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, version, kind };
}

function resourceOf({ group, version, plural }: AdmissionAttributes['kind']): object {
  return { group, version, resource: plural };
}
