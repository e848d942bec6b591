import { badRequest, invalid, methodNotAllowed } from '@wheelhouse/shared/errors';
import { fieldNames, schemaOf } from '@wheelhouse/shared/kinds/apiextensions/definition-validation';
import type { JsonSchema } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { compareVersions } from '@wheelhouse/shared/meta/discovery';
import { type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
import { cloneJson, equalJson, isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import {
  apiVersionOf,
  type CustomKind,
  type FieldReader,
  type KindDefinition,
  type ResourceType,
  type ScaleSpec,
} from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from 'kubernetes-types/apiextensions/v1';
import type { HookClient } from '../webhooks/hook-client';
import { columnsOf } from './columns';
import { compileRules } from './rules';
import { validateScaleValues } from './scale-values';
import { defineApplyType } from './schema/apply-type';
import { fillDefaults } from './schema/defaults';
import { decodeEmbedded, decodeMetadata, validateEmbedded } from './schema/embedded';
import { validateListTypes } from './schema/list-types';
import { openApiOf } from './schema/open-api';
import { prune } from './schema/prune';
import { validateValue } from './schema/validate-value';
import { WebhookConversion } from './webhook-conversion';

/** Kubernetes' own limit for what one answer tells of fields that nobody knows. */
const MOST_UNKNOWN = 100;

/** The type under which a definition's objects are stored: its storage version. */
export function storedTypeOf(definition: CustomResourceDefinition): ResourceType {
  const { spec } = definition;
  const version = spec.versions.find(({ storage }) => storage)?.name ?? '';
  return typeOf(definition, version);
}

function typeOf({ spec, status }: CustomResourceDefinition, version: string): ResourceType {
  const names = status?.acceptedNames?.kind ? status.acceptedNames : spec.names;
  return {
    group: spec.group,
    version,
    kind: names.kind,
    plural: names.plural,
    namespaced: spec.scope === 'Namespaced',
  };
}

/** The kinds that a definition makes: one for each version that is served. `hooks`: asks its conversion webhook. */
export function kindsOf(definition: CustomResourceDefinition, hooks?: HookClient): KindDefinition[] {
  const outside =
    definition.spec.conversion?.strategy === 'Webhook'
      ? new WebhookConversion(definition.spec.conversion.webhook, hooks)
      : undefined;
  return definition.spec.versions
    .filter(({ served }) => served)
    .map((version) => kindOf(definition, version, outside));
}

function kindOf(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  outside: WebhookConversion | undefined,
): KindDefinition {
  const { spec, status, metadata } = definition;
  const names = status?.acceptedNames?.kind ? status.acceptedNames : spec.names;
  const type = typeOf(definition, version.name);
  const schema: JsonSchema = schemaOf(version) ?? { type: 'object' };
  const { subresources } = version;
  const hasStatus = subresources?.status !== undefined;
  const scale = subresources?.scale;
  const schemaName = `${spec.group.split('.').reverse().join('.')}.${version.name}.${type.kind}`;
  defineApplyType(schemaName, schema);
  const storedAs = storedTypeOf(definition);
  const storageVersion = spec.versions.find(({ storage }) => storage) ?? version;
  const storedSchema: JsonSchema = schemaOf(storageVersion) ?? { type: 'object' };
  // What was stored under another version or an older schema is seen as this one has it.
  const asServed = (object: KubeObject): KubeObject => {
    const pruned = prune(object, schema, undefined, { isResource: true });
    // Pruning and defaulting keep an object an object.
    const filled = fillDefaults(pruned, schema) as KubeObject;
    return filled.apiVersion === apiVersionOf(type) ? filled : { ...filled, apiVersion: apiVersionOf(type) };
  };
  const validator = new ObjectValidator(schema, scale ? scaleSpecOf(scale) : undefined);
  return {
    ...type,
    singular: names.singular ?? type.kind.toLowerCase(),
    ...(names.shortNames?.length ? { shortNames: names.shortNames } : {}),
    ...(names.categories?.length ? { categories: names.categories } : {}),
    listKind: names.listKind ?? `${type.kind}List`,
    schema: schemaName,
    ...(hasStatus ? { status: true } : {}),
    ...(scale ? { scale: scaleSpecOf(scale) } : {}),
    hasGeneration: true,
    selectableFields: selectableFieldsOf(version),
    columns: columnsOf(version.additionalPrinterColumns),
    custom: {
      decode: (raw) => decodeCustom(type, schema, raw),
      openApi: (dialect) => openApiOf(schema, dialect),
      ...(version.deprecated ? { warning: deprecationOf(spec, version) } : {}),
      ...(metadata?.deletionTimestamp
        ? {
            refuseCreate() {
              throw methodNotAllowed('create not allowed while custom resource definition is terminating', {
                group: type.group,
                kind: type.plural,
              });
            },
          }
        : {}),
    },
    default: (object) => assign(object, fillDefaults(object, schema)),
    prepareForCreate(object: KubeObject & { status?: unknown }) {
      if (hasStatus) delete object.status;
    },
    validateCreate: (object) => validator.validate(object, undefined, 'spec'),
    validateUpdate: (next, previous) => validator.validate(next, previous, 'spec'),
    validateStatusUpdate: (next, previous) => validator.validate(next, previous, 'status'),
    storedAs,
    convert: {
      fromStored: asServed,
      toStored: (object) => ({ ...object, apiVersion: apiVersionOf(storedAs) }),
    },
    ...(outside
      ? {
          convertOutside: {
            fromStored: async (objects) => (await outside.convert(objects, apiVersionOf(type))).map(asServed),
            async toStored(object) {
              const [converted = object] = await outside.convert([object], apiVersionOf(storedAs));
              return prune(converted, storedSchema, undefined, { isResource: true }) as KubeObject;
            },
          },
        }
      : {}),
  };
}

/** What is said of a deprecated version: the words of its definition, or which better version there is. */
export function deprecationOf(
  { group, names, versions }: Pick<CustomResourceDefinition['spec'], 'group' | 'names' | 'versions'>,
  { name, deprecationWarning }: Pick<CustomResourceDefinitionVersion, 'name' | 'deprecationWarning'>,
): string {
  if (deprecationWarning !== undefined && deprecationWarning !== null) return deprecationWarning;
  const [better] = versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, name) < 0)
    .map((other) => other.name)
    .sort(compareVersions);
  const warning = `${group}/${name} ${names.kind} is deprecated`;
  return better === undefined ? warning : `${warning}; use ${group}/${better} ${names.kind}`;
}

/** Puts the members of `from` into `object`, which stays the same object. */
function assign(object: object, from: unknown): void {
  if (object === from || !isObject(from)) return;
  const target = object as JsonObject;
  for (const key of Object.keys(target)) if (!Object.hasOwn(from, key)) delete target[key];
  Object.assign(target, from);
}

function scaleSpecOf(scale: {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}): ScaleSpec {
  return {
    specReplicasPath: scale.specReplicasPath.slice(1),
    statusReplicasPath: scale.statusReplicasPath.slice(1),
    selectorPath: scale.labelSelectorPath?.slice(1) ?? '',
  };
}

function selectableFieldsOf(
  version: CustomResourceDefinitionVersion,
): Record<string, FieldReader<KubeObject>> {
  return Object.fromEntries(
    (version.selectableFields ?? []).map(({ jsonPath }) => {
      const names = fieldNames(jsonPath) ?? [];
      const read = (object: KubeObject) => {
        let value: unknown = object;
        for (const name of names)
          value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
        return value === undefined || value === null ? '' : String(value);
      };
      return [jsonPath.replace(/^\./, ''), read];
    }),
  );
}

function decodeCustom(
  type: ResourceType,
  schema: JsonSchema,
  raw: unknown,
): ReturnType<CustomKind['decode']> {
  const expected = apiVersionOf(type);
  const cannot = `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}`;
  if (!isObject(raw)) throw badRequest(`${cannot}: the body is not an object`);
  const { kind, apiVersion } = raw;
  if (kind === undefined || kind === null || kind === '') {
    throw badRequest(`${cannot}: unmarshalerDecoder: Object 'Kind' is missing`);
  }
  if (typeof kind !== 'string' || (apiVersion !== undefined && typeof apiVersion !== 'string')) {
    throw badRequest(`${cannot}: kind and apiVersion must be texts`);
  }
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion ?? ''}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== type.kind) {
    const name = isObject(raw.metadata) && typeof raw.metadata.name === 'string' ? raw.metadata.name : '';
    throw invalid({ group: type.group, kind, name }, [invalidValue('kind', kind, `must be ${type.kind}`)]);
  }
  const unknown: string[] = [];
  const report = (path: string) => {
    if (unknown.length < MOST_UNKNOWN) unknown.push(`unknown field "${path}"`);
  };
  let copy: JsonObject;
  try {
    copy = cloneJson(raw);
  } catch {
    throw badRequest('the object is nested too deeply');
  }
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = copy;
  const object: JsonObject = {
    kind: type.kind,
    apiVersion: expected,
    metadata: metadata === undefined || metadata === null ? {} : ownMetadata(metadata, report),
    ...rest,
  };
  // Pruning keeps an object an object.
  const pruned = prune(object, schema, report, { isResource: true }) as JsonObject;
  decodeEmbedded(pruned, schema, report);
  return { object: pruned, unknownFields: unknown };
}

/** Of custom resources no owners at all are no wish to forget them: nobody sees the list of nothing. */
function ownMetadata(metadata: unknown, report: (path: string) => void): JsonObject {
  const decoded = decodeMetadata(metadata, 'metadata', report);
  const { managedFields, ...rest } = decoded;
  return Array.isArray(managedFields) && managedFields.length === 0 ? rest : decoded;
}

/** All that a schema asks of a whole object. */
class ObjectValidator {
  readonly #rules: ReturnType<typeof compileRules>;

  constructor(
    private readonly schema: JsonSchema,
    private readonly scale: ScaleSpec | undefined,
  ) {
    this.#rules = compileRules(schema);
  }

  /**
   * `part`: which half is being written. What was wrong before and has not been touched is let pass, so that a
   * stricter schema does not lock old objects.
   */
  validate(object: KubeObject, previous: KubeObject | undefined, part: 'spec' | 'status'): FieldError[] {
    const errors = this.#plain(object, part);
    if (errors.length > 0 && previous) {
      const known = this.#plain(previous, part);
      const remaining = errors.filter(
        (error) =>
          !known.some((old) => old.field === error.field && old.message === error.message) ||
          !equalJson(valueAt(object, error.field), valueAt(previous, error.field)),
      );
      if (remaining.length > 0) return remaining;
    } else if (errors.length > 0) {
      return errors;
    }
    return this.#rules.evaluate(object, previous);
  }

  #plain(object: KubeObject, part: 'spec' | 'status'): FieldError[] {
    const value = { ...object };
    return [
      ...(this.scale ? validateScaleValues(value, this.scale, part) : []),
      ...validateValue(value, this.schema, { field: '' }),
      ...validateListTypes(value, this.schema),
      ...validateEmbedded(value as JsonObject, this.schema),
    ];
  }
}

/** What stands at a path such as `spec.list[2].name`; of a missing member, the object that lacks it. */
function valueAt(object: unknown, field: string): unknown {
  let value: unknown = object;
  for (const step of field.replace(/^\./, '').split(/\.|\[|\]\.?/)) {
    if (step === '') continue;
    const next: unknown = Array.isArray(value)
      ? value[Number(step)]
      : isObject(value) && Object.hasOwn(value, step)
        ? value[step]
        : undefined;
    if (next === undefined) return value;
    value = next;
  }
  return value;
}
