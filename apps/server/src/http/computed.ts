import { systemClock } from '@wheelhouse/shared/clock';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { ApiRequest, Req, VirtualResource } from './extension';
import { negotiate } from './negotiation';
import { includeObjectOf } from './request-options';
import { rowsOf } from './tables';

type Computed = Stored<KubeObject> & { readonly items?: readonly Stored<KubeObject>[] };

/** An object that is not stored, or a list of such: a table where the client wants one and the resource has columns. */
export function presentComputed(
  value: object,
  { columns }: VirtualResource,
  asked: { readonly req: Req; readonly request: ApiRequest },
): object {
  if (!columns) return value;
  const representation = negotiate(asked.req.headers.accept, { protobuf: false });
  if (representation.form !== 'table') return value;
  const includeObject = includeObjectOf(asked.request.url.searchParams.get('includeObject'));
  // Whoever computes it answers objects and lists in the shape of the API.
  const answer = value as Computed;
  return rowsOf(
    { columns, objects: answer.items ?? [answer], metadata: {}, withColumns: true },
    { representation, includeObject, clock: systemClock },
  );
}
