import { systemClock } from '@wheelhouse/shared/clock';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { ApiRequest, Req, VirtualResource } from './extension';
import { negotiate } from './negotiation';
import { includeObjectOf } from './request-options';
import { rowsOf } from './tables';

type Computed = Stored<KubeObject> & { readonly items?: readonly Stored<KubeObject>[] };

/** An object that is not stored, or a list of such, as a table: where the client wants one and the resource has columns. */
export function tableOfComputed(
  value: object,
  { columns }: VirtualResource,
  asked: { readonly req: Req; readonly request: ApiRequest },
): object | undefined {
  if (!columns) return undefined;
  const representation = negotiate(asked.req.headers.accept, { protobuf: false, custom: false });
  if (representation.form !== 'table') return undefined;
  const includeObject = includeObjectOf(asked.request.url.searchParams.get('includeObject'));
  // Whoever computes it answers objects and lists in the shape of the API.
  const answer = value as Computed;
  return rowsOf(
    { columns, objects: answer.items ?? [answer], metadata: {}, withColumns: true },
    { representation, includeObject, clock: systemClock },
  );
}
