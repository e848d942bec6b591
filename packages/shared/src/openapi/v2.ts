import { subresourcesOf } from '../meta/discovery';
import type { KindDefinition } from '../meta/kind';
import { type DiscoveryOperation, discoveryOperations } from './discovery-operations';
import {
  gvkOf,
  type Operation,
  operationsOf,
  PATCH_BODY,
  PATH_PARAMETERS,
  subresourceType,
} from './operations';
import { DELETE_OPTIONS_TYPE, Definitions, type JsonSchema, PATCH_TYPE, STATUS_TYPE } from './schemas';

/** An OpenAPI 2 document, as far as it is used. */
export interface OpenApiV2Document {
  swagger: '2.0';
  info: { title: string; version: string };
  paths: Record<string, JsonSchema>;
  definitions: Record<string, JsonSchema>;
}

const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const MEDIA_TYPES = ['application/json', 'application/yaml'];

/** The whole API as one OpenAPI 2 document. Costs some 50 ms: build it once and keep it. */
export function buildOpenApiV2(kinds: readonly KindDefinition[], version = 'v1.33.0'): OpenApiV2Document {
  const definitions = definitionsFor(kinds, 'v2');
  const paths: Record<string, JsonSchema> = {};
  for (const kind of kinds) {
    for (const operation of operationsOf(kind)) {
      paths[operation.path] ??= { parameters: operation.pathParameters.map(pathParameter) };
      const path = paths[operation.path];
      if (path) path[operation.method] = describe(operation, definitions, patchTypesOf(kind));
    }
  }
  for (const operation of discoveryOperations(kinds)) {
    paths[operation.path] = { get: describeDiscovery(operation, definitions) };
  }
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    definitions: definitions.toJson(),
  };
}

/** The types that some kinds need, with those that every group needs. */
export function definitionsFor(kinds: readonly KindDefinition[], dialect: 'v2' | 'v3'): Definitions {
  const definitions = new Definitions(dialect);
  for (const kind of kinds) {
    definitions.addKind(kind);
    definitions.add(DELETE_OPTIONS_TYPE, { ...gvkOf(kind), kind: 'DeleteOptions' });
    for (const sub of subresourcesOf(kind)) {
      const type = subresourceType(kind, sub);
      if (type) {
        definitions.add(type, {
          group: sub.group ?? kind.group,
          kind: sub.kind,
          version: sub.version ?? kind.version,
        });
      }
    }
  }
  definitions.add(STATUS_TYPE, { group: '', kind: 'Status', version: 'v1' });
  definitions.add(PATCH_TYPE);
  return definitions;
}

/** Clients send a strategic merge patch wherever it is named here; custom resources take none. */
function patchTypesOf(kind: KindDefinition): readonly string[] {
  return kind.custom ? PATCH_TYPES.filter((type) => !type.includes('strategic')) : PATCH_TYPES;
}

function describe(operation: Operation, definitions: Definitions, patchTypes: readonly string[]): JsonSchema {
  const { body } = operation;
  const type = body === PATCH_BODY ? PATCH_TYPE : body;
  return {
    description: operation.description,
    consumes: body === PATCH_BODY ? patchTypes : ['*/*'],
    produces: operation.produces ?? MEDIA_TYPES,
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    parameters: [
      ...(type
        ? [
            {
              name: 'body',
              in: 'body',
              ...(operation.bodyRequired ? { required: true } : {}),
              schema: definitions.reference(type),
            },
          ]
        : []),
      ...operation.query.map(({ name, type: parameterType, description }) => ({
        uniqueItems: true,
        type: parameterType,
        description,
        name,
        in: 'query',
      })),
    ],
    responses: {
      [operation.action === 'post' ? '201' : '200']: {
        description: 'OK',
        schema: responseSchema(operation, definitions),
      },
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  };
}

/** Who asks what there is takes any form that the server has. */
function describeDiscovery(operation: DiscoveryOperation, definitions: Definitions): JsonSchema {
  if (operation.response) definitions.add(operation.response);
  return {
    description: operation.description,
    produces: operation.produces,
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    responses: {
      '200': { description: 'OK', schema: responseSchema(operation, definitions) },
      '401': { description: 'Unauthorized' },
    },
  };
}

const responseSchema = ({ response }: Pick<Operation, 'response'>, definitions: Definitions): JsonSchema =>
  response ? definitions.reference(response) : { type: 'string' };

function pathParameter(name: string): JsonSchema {
  return {
    uniqueItems: true,
    type: 'string',
    description: PATH_PARAMETERS[name] ?? name,
    name,
    in: 'path',
    required: true,
  };
}
