import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1';
import { sameJson } from '../machinery/same-json';
import type { IpFamily } from '../serving/service-pods';

/** The part of a slice that its controller decides. */
export interface SliceContent {
  readonly addressType: IpFamily;
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

export interface SlicePlan {
  readonly create: SliceContent[];
  readonly update: { readonly slice: Stored<EndpointSlice>; readonly endpoints: Endpoint[] }[];
  readonly remove: Stored<EndpointSlice>[];
}

/** Endpoints of one set of ports and one address family; a group without any has one empty slice. */
interface SliceGroup {
  readonly content: Omit<SliceContent, 'endpoints'>;
  /** By their identity. */
  readonly endpoints: Map<string, Endpoint>;
}

export interface Packing {
  /** Most endpoints of one slice. */
  readonly max: number;
  /** What an endpoint is found again by. */
  identify(endpoint: Endpoint): string;
}

/** The endpoints that there should be, by what they may share a slice with. */
export class SliceGroups {
  readonly #groups = new Map<string, SliceGroup>();

  /** The group's endpoints, to be added to. */
  of(addressType: IpFamily, ports: EndpointPort[]): Map<string, Endpoint> {
    const key = groupKey(addressType, ports);
    let group = this.#groups.get(key);
    if (!group) {
      group = { content: { addressType, ports }, endpoints: new Map() };
      this.#groups.set(key, group);
    }
    return group.endpoints;
  }

  /**
   * What must change so that the slices hold just these. As few slices as possible are written: what stays correct
   * stays where it is; new endpoints go first into slices that change anyway, then into one that has room, then into
   * new ones.
   */
  pack(existing: readonly Stored<EndpointSlice>[], packing: Packing): SlicePlan {
    const plan: SlicePlan = { create: [], update: [], remove: [] };
    const slices = new Map<string, Stored<EndpointSlice>[]>([...this.#groups.keys()].map((key) => [key, []]));
    for (const slice of existing) {
      const members = slices.get(groupKey(slice.addressType, slice.ports ?? []));
      if (members) members.push(slice);
      else plan.remove.push(slice);
    }
    for (const [key, group] of this.#groups) distribute(group, slices.get(key) ?? [], { ...packing, plan });
    return plan;
  }
}

function distribute(
  group: SliceGroup,
  slices: readonly Stored<EndpointSlice>[],
  { max, identify, plan }: Packing & { readonly plan: SlicePlan },
): void {
  const waiting = new Map(group.endpoints);
  const kept: { slice: Stored<EndpointSlice>; endpoints: Endpoint[]; changed: boolean }[] = [];
  for (const slice of slices) {
    const endpoints: Endpoint[] = [];
    let changed = false;
    for (const endpoint of slice.endpoints ?? []) {
      const id = identify(endpoint);
      const wanted = waiting.get(id);
      waiting.delete(id);
      if (wanted && sameJson(wanted, endpoint)) endpoints.push(endpoint);
      else {
        changed = true;
        if (wanted) endpoints.push(wanted);
      }
    }
    kept.push({ slice, endpoints, changed });
  }
  const rest = [...waiting.values()];
  const fill = (entry: (typeof kept)[number]) => {
    entry.endpoints.push(...rest.splice(0, max - entry.endpoints.length));
    entry.changed = true;
  };
  for (const entry of kept.filter(({ changed, endpoints }) => changed && endpoints.length < max)) {
    if (rest.length > 0) fill(entry);
  }
  while (rest.length >= max) plan.create.push({ ...group.content, endpoints: rest.splice(0, max) });
  if (rest.length > 0) {
    // The fullest slice in which all of the rest fits.
    const [roomy] = kept
      .filter(({ endpoints }) => endpoints.length + rest.length <= max)
      .sort((a, b) => b.endpoints.length - a.endpoints.length);
    if (roomy) fill(roomy);
    else plan.create.push({ ...group.content, endpoints: rest.splice(0) });
  }
  const filled = kept.filter(({ endpoints }) => endpoints.length > 0);
  const wantsEmpty = filled.length === 0 && group.endpoints.size === 0;
  const [spare] = kept;
  if (wantsEmpty && !spare) plan.create.push({ ...group.content, endpoints: [] });
  for (const entry of kept) {
    if (entry.endpoints.length === 0 && !(wantsEmpty && entry === spare)) plan.remove.push(entry.slice);
    else if (entry.changed) plan.update.push({ slice: entry.slice, endpoints: entry.endpoints });
  }
}

function groupKey(addressType: string, ports: readonly EndpointPort[]): string {
  const texts = ports.map(
    ({ name = '', port, protocol, appProtocol = '' }) => `${name}/${port}/${protocol}/${appProtocol}`,
  );
  return `${addressType} ${texts.sort().join()}`;
}
