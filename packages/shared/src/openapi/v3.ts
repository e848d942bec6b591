import type { KindDefinition } from '../meta/kind';
import { type Operation, operationsOf, PATCH_BODY, PATH_PARAMETERS } from './operations';
import { type Definitions, type JsonSchema, PATCH_TYPE } from './schemas';
import { definitionsFor } from './v2';

export interface OpenApiV3Document {
  openapi: '3.0.0';
  info: { title: string; version: string };
  paths: Record<string, JsonSchema>;
  components: { schemas: Record<string, JsonSchema> };
}

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** One group and version as an OpenAPI 3 document: what `/openapi/v3/apis/GROUP/VERSION` answers. Build it once. */
export function buildOpenApiV3(
  kinds: readonly KindDefinition[],
  group: string,
  version: string,
  serverVersion = 'v1.33.0',
): OpenApiV3Document {
  const own = kinds.filter((kind) => kind.group === group && kind.version === version);
  const definitions = definitionsFor(own, 'v3');
  const paths: Record<string, JsonSchema> = {};
  for (const kind of own) {
    for (const operation of operationsOf(kind)) {
      paths[operation.path] ??= { parameters: operation.pathParameters.map(pathParameter) };
      const path = paths[operation.path];
      if (path) path[operation.method] = describe(operation, definitions, patchTypesOf(kind));
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: serverVersion },
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: { schemas: definitions.toJson() },
  };
}

/** `api/v1`, `apis/apps/v1`: the names of the documents that there are. */
export function openApiV3Paths(kinds: readonly KindDefinition[]): string[] {
  return [
    ...new Set(
      kinds.map((kind) => (kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`)),
    ),
  ].sort();
}

/**
 * `/openapi/v3`: where each document is. `hashOf` gives a text that changes with the document's content; clients
 * cache by it.
 */
export function openApiV3Index(
  kinds: readonly KindDefinition[],
  hashOf: (path: string) => string,
): { paths: Record<string, { serverRelativeURL: string }> } {
  return {
    paths: Object.fromEntries(
      openApiV3Paths(kinds).map((path) => [
        path,
        { serverRelativeURL: `/openapi/v3/${path}?hash=${encodeURIComponent(hashOf(path))}` },
      ]),
    ),
  };
}

/** Clients send a strategic merge patch wherever it is named here; custom resources take none. */
function patchTypesOf(kind: KindDefinition): readonly string[] {
  return kind.custom ? PATCH_TYPES.filter((type) => !type.includes('strategic')) : PATCH_TYPES;
}

function describe(operation: Operation, definitions: Definitions, patchTypes: readonly string[]): JsonSchema {
  const { body } = operation;
  const mediaTypes = body === PATCH_BODY ? patchTypes : ['*/*'];
  const type = body === PATCH_BODY ? PATCH_TYPE : body;
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    parameters: operation.query.map(({ name, type: parameterType, description }) => ({
      name,
      in: 'query',
      description,
      schema: { type: parameterType, uniqueItems: true },
    })),
    ...(type
      ? {
          requestBody: {
            content: Object.fromEntries(
              mediaTypes.map((media) => [media, { schema: definitions.reference(type) }]),
            ),
            ...(operation.bodyRequired ? { required: true } : {}),
          },
        }
      : {}),
    responses: {
      [operation.action === 'post' ? '201' : '200']: {
        description: 'OK',
        content: Object.fromEntries(
          (operation.produces ?? ['application/json', 'application/yaml']).map((media) => [
            media,
            { schema: operation.response ? definitions.reference(operation.response) : { type: 'string' } },
          ]),
        ),
      },
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  };
}

function pathParameter(name: string): JsonSchema {
  return {
    name,
    in: 'path',
    description: PATH_PARAMETERS[name] ?? name,
    required: true,
    schema: { type: 'string', uniqueItems: true },
  };
}
