import { randomUUID } from 'node:crypto';
import type { Clock } from '@wheelhouse/shared/clock';
import { asApiError } from '@wheelhouse/shared/errors';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { AuditRecord, AuditSink } from '../audit/audit-sink';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import type { StoredResource } from './stored-resource';

export type AuditVerb = AuditRecord['verb'];

/** Reports writes to the sink: what was done, or with which Status it was refused. Dry runs and no-ops are no changes. */
export class Audit {
  constructor(
    private readonly sink: AuditSink | undefined,
    private readonly clock: Clock,
  ) {}

  async around(
    context: RequestContext,
    verb: AuditVerb,
    resource: StoredResource,
    subresource: string | undefined,
    ref: Ref,
    write: () => Promise<WriteOutcome>,
  ): Promise<WriteOutcome> {
    const { sink } = this;
    if (!sink || context.dryRun) return write();
    let outcome: WriteOutcome;
    try {
      outcome = await write();
    } catch (error) {
      const { status } = asApiError(error);
      sink.record({
        ...this.#base(context, verb, resource, subresource, ref),
        responseCode: status.code,
        responseStatus: status,
      });
      throw error;
    }
    const { before, after } = outcome;
    if (before === after) return outcome;
    const subject = after ?? before;
    sink.record({
      ...this.#base(context, verb, resource, subresource, { ...ref, name: subject?.name ?? ref.name }),
      ...(subject ? { uid: subject.object.metadata.uid } : {}),
      ...(before ? { before: withoutOwners(resource.view(before)) } : {}),
      ...(after
        ? { after: withoutOwners(resource.view(after)), resourceVersion: String(after.revision) }
        : {}),
      responseCode: outcome.created ? 201 : 200,
    });
    return outcome;
  }

  #base(
    context: RequestContext,
    verb: AuditVerb,
    resource: StoredResource,
    subresource: string | undefined,
    ref: Ref,
  ): Omit<AuditRecord, 'responseCode'> {
    const { kind } = resource;
    const { user } = context;
    return {
      id: randomUUID(),
      time: this.clock.now(),
      user: { name: user.name, groups: user.groups },
      ...(context.impersonatedBy ? { impersonatedBy: context.impersonatedBy } : {}),
      verb,
      group: kind.group,
      version: kind.version,
      resource: kind.plural,
      ...(subresource ? { subresource } : {}),
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
      name: ref.name,
      ...(context.sourceIp ? { sourceIp: context.sourceIp } : {}),
      ...(context.userAgent ? { userAgent: context.userAgent } : {}),
      ...(context.annotations ? { annotations: context.annotations } : {}),
    };
  }
}

/** Who owns which field is of no use to history, and as long as the object itself. */
function withoutOwners(object: Stored<KubeObject>): Stored<KubeObject> {
  if (!object.metadata.managedFields) return object;
  const { managedFields: _owners, ...metadata } = object.metadata;
  return { ...object, metadata };
}
