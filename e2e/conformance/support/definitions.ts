import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1';
import { settled } from './space';
import type { Stage } from './suite';

export type Definition = CustomResourceDefinition;
export type Version = Definition['spec']['versions'][number];

/** An object of a kind that a test has defined. */
export type Custom = KubeObject & {
  metadata: { name: string; labels?: Record<string, string>; resourceVersion?: string };
  data?: Record<string, string>;
  [field: string]: unknown;
};

const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const version = (name: string, more: Partial<Version> = {}): Version => ({
  name,
  served: true,
  storage: true,
  // The published types have no dashed names.
  schema: { openAPIV3Schema: OPEN as object },
  ...more,
});

/** The definition of a kind `Thing` in a group of this test alone. */
export function definitionOf(stage: Stage, spec: Partial<Definition['spec']> = {}): Definition {
  const group = spec.group ?? `${stage.unique}.example.com`;
  const names = spec.names ?? { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' };
  return {
    metadata: { name: `${names.plural}.${group}` },
    spec: { scope: 'Namespaced', versions: [version('v1')], ...spec, group, names },
  };
}

/** Objects of a defined kind in one version. */
export class Customs {
  constructor(
    private readonly stage: Stage,
    private readonly definition: Definition,
    readonly version: string,
  ) {}

  path(name = ''): string {
    const { group, names, scope } = this.definition.spec;
    const place = scope === 'Namespaced' ? `namespaces/${this.stage.space.name}/` : '';
    return `/apis/${group}/${this.version}/${place}${names.plural}${name && `/${name}`}`;
  }

  create(name: string, fields: object = {}): Promise<Custom> {
    const { group, names } = this.definition.spec;
    const body = { kind: names.kind, apiVersion: `${group}/${this.version}`, metadata: { name }, ...fields };
    return this.stage.api.json(this.path(), { method: 'POST', body });
  }

  get(name: string): Promise<Custom> {
    return this.stage.api.json(this.path(name));
  }

  async list(): Promise<Custom[]> {
    return (await this.stage.api.json<{ items: Custom[] }>(this.path())).items;
  }

  patch(name: string, body: object): Promise<Custom> {
    return this.stage.api.patch(this.path(name), body);
  }

  remove(name: string): Promise<unknown> {
    return this.stage.api.json(this.path(name), { method: 'DELETE' });
  }
}

/** Defines a kind for the time of a test; resolves when it is served. */
export async function define(stage: Stage, definition: Definition): Promise<void> {
  const { wide } = stage;
  const name = definition.metadata?.name ?? '';
  await wide.create('customresourcedefinitions', definition);
  stage.cleanUp(() => wide.remove('customresourcedefinitions', name));
  await established(stage, name);
}

export async function established(stage: Stage, name: string): Promise<void> {
  const { spec } = await stage.wide.until('customresourcedefinitions', name, ({ status }) =>
    status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True'),
  );
  const served = spec.versions.find((one) => one.served)?.name;
  await settled(async () => {
    await stage.api.json(`/apis/${spec.group}/${served}/${spec.names.plural}`);
  });
}
