import type { Client } from '@wheelhouse/shared/client/client';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Scale as WireScale } from 'kubernetes-types/autoscaling/v1';

/** What `/scale` of any kind answers: how many there are to be, are, and which pods they are. */
export type Scale = WireScale & KubeObject;

export interface TargetReference {
  readonly apiVersion?: string | undefined;
  readonly kind: string;
  readonly name: string;
}

/** The served resource behind a kind's name: a built-in one, or one that a definition adds. Undefined: nobody serves it. */
export async function resolveTarget(
  client: Pick<Client, 'list'>,
  { apiVersion = 'v1', kind }: TargetReference,
): Promise<ResourceType | undefined> {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const builtIn = allKinds.filter((one) => one.group === group && one.kind === kind);
  const found = builtIn.find((one) => one.version === version) ?? builtIn[0];
  if (found) return found;
  const definitions = allKinds.find(({ plural }) => plural === 'customresourcedefinitions');
  if (!definitions) return undefined;
  const { items } = await client.list<Definition>(definitions);
  const spec = items.map((item) => item.spec).find((one) => one?.group === group && one.names?.kind === kind);
  if (!spec?.names?.plural) return undefined;
  return { group, version, kind, plural: spec.names.plural, namespaced: spec.scope === 'Namespaced' };
}

interface Definition extends KubeObject {
  spec?: { group?: string; scope?: string; names?: { kind?: string; plural?: string } };
}

export async function readScale(
  client: Pick<Client, 'get'>,
  type: ResourceType,
  ref: { readonly name: string; readonly namespace: string },
): Promise<Stored<Scale>> {
  // With this option the answer is a Scale, see GetOptions.
  return (await client.get<KubeObject>(type, ref, { subresource: 'scale' })) as Stored<Scale>;
}

/** Writes the number of replicas, provided that nothing has changed since the scale was read. */
export async function writeScale(
  client: Pick<Client, 'update'>,
  type: ResourceType,
  scale: Stored<Scale>,
  replicas: number,
): Promise<void> {
  const next: Scale = { ...scale, spec: { ...scale.spec, replicas } };
  await client.update<KubeObject>(type, next, { subresource: 'scale' });
}
