import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from 'kubernetes-types/apiextensions/v1';
import {
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import { dns1035Label, dns1123Subdomain } from '../../meta/names';
import { validateWebhookService, validateWebhookUrl } from '../webhook-client';
import { type JsonSchema, someSchema } from './json-schema';
import { validateSchema } from './structural-schema';

export const APPROVAL_ANNOTATION = 'api-approved.kubernetes.io';
const APPROVAL_SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
/** Kubernetes' own limit of fields that can be selected by. */
const MOST_SELECTABLE = 8;

/** The schema of a version, in the type that knows Kubernetes' extensions. */
export function schemaOf(version: CustomResourceDefinitionVersion): JsonSchema | undefined {
  // The wire type lacks the dashed names; what the decoder let through has these shapes.
  return version.schema?.openAPIV3Schema as JsonSchema | undefined;
}

/**
 * Where errors about a part of a version are reported: Kubernetes keeps a part that all versions share once, at the
 * top of its internal form, and its paths tell so.
 */
export function pathOfPart(
  spec: CustomResourceDefinitionSpec,
  part: 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields',
  index: number,
): { readonly path: string; readonly shared: boolean } {
  const [first] = spec.versions ?? [];
  const shared =
    first !== undefined && spec.versions.every((version) => equalJson(version[part], first[part]));
  const top = part === 'schema' ? 'validation' : part;
  return shared ? { path: `spec.${top}`, shared } : { path: `spec.versions[${index}].${part}`, shared };
}

/** Calls `visit` for each version's part that is there, once for one that all share. */
function forParts<P extends 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'>(
  spec: CustomResourceDefinitionSpec,
  part: P,
  visit: (
    value: NonNullable<CustomResourceDefinitionVersion[P]>,
    path: string,
    version: CustomResourceDefinitionVersion,
  ) => void,
): void {
  for (const [i, version] of (spec.versions ?? []).entries()) {
    const value = version[part];
    const { path, shared } = pathOfPart(spec, part, i);
    if (value) visit(value, path, version);
    if (shared) return;
  }
}

/** All rules of a definition that need neither regular expressions nor rules to be compiled. */
export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { spec } = definition;
  if (!spec) return [required('spec')];
  return [...validateSpec(spec), ...validateStoredVersions(definition)];
}

/** What is asked of new definitions alone. */
export function validateNewDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { metadata, spec } = definition;
  const wanted = `${spec?.names?.plural ?? ''}.${spec?.group ?? ''}`;
  return [
    ...(spec && metadata?.name !== undefined && metadata.name !== wanted
      ? [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]
      : []),
    ...validateApproval(definition),
    ...refusePreserving(definition),
  ];
}

export function validateDefinitionUpdate(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition,
): FieldError[] {
  const established = previous.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  const approvalChanged =
    next.metadata?.annotations?.[APPROVAL_ANNOTATION] !==
    previous.metadata?.annotations?.[APPROVAL_ANNOTATION];
  return [
    ...(established
      ? [
          ...immutable('spec.scope', next.spec?.scope, previous.spec.scope),
          ...immutable('spec.names.kind', next.spec?.names?.kind, previous.spec.names.kind),
        ]
      : []),
    ...immutable('spec.group', next.spec?.group, previous.spec.group),
    ...immutable('spec.names.plural', next.spec?.names?.plural, previous.spec.names.plural),
    ...(approvalChanged ? validateApproval(next) : []),
    ...(previous.spec.preserveUnknownFields ? [] : refusePreserving(next)),
  ];
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) {
    return [invalidValue('status.storedVersions', stored, 'must have at least one stored version')];
  }
  const errors: FieldError[] = [];
  const unseen = new Map(stored.map((version, i) => [version, i]));
  for (const { name, storage } of spec?.versions ?? []) {
    // Of two versions of one name the second has nothing left that could be its own.
    const isStored = unseen.delete(name);
    if (storage && !isStored) {
      errors.push(invalidValue('status.storedVersions', stored, `must have the storage version ${name}`));
    }
  }
  for (const [version, i] of unseen) {
    errors.push(invalidValue(`status.storedVersions[${i}]`, version, 'must appear in spec.versions'));
  }
  return errors;
}

function validateApproval({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const group = spec?.group ?? '';
  if (!isProtectedGroup(group)) return [];
  const field = `metadata.annotations[${APPROVAL_ANNOTATION}]`;
  const approval = metadata?.annotations?.[APPROVAL_ANNOTATION];
  const must = `protected groups must have approval annotation "${APPROVAL_ANNOTATION}"`;
  if (!approval) return [required(field, `${must}, ${APPROVAL_SEE}`)];
  if (isApproval(approval)) return [];
  return [
    invalidValue(
      field,
      approval,
      `${must} with either a URL or a reason starting with "unapproved", ${APPROVAL_SEE}`,
    ),
  ];
}

/** Groups that belong to Kubernetes itself. */
export function isProtectedGroup(group: string): boolean {
  return /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
}

/** A URL, or a text that says why there is none. */
export function isApproval(text: string): boolean {
  return text.startsWith('unapproved') || /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+/i.test(text);
}

function refusePreserving({ spec }: CustomResourceDefinition): FieldError[] {
  return spec?.preserveUnknownFields === true
    ? [
        invalidValue(
          'spec.preserveUnknownFields',
          true,
          'cannot set to true, set x-preserve-unknown-fields to true in spec.versions[*].schema instead',
        ),
      ]
    : [];
}

function validateSpec(spec: CustomResourceDefinitionSpec): FieldError[] {
  const errors: FieldError[] = [];
  const versions = spec.versions ?? [];
  const { group = '' } = spec;
  if (!group) errors.push(required('spec.group'));
  else if (dns1123Subdomain(group).length > 0) {
    errors.push(invalidValue('spec.group', group, dns1123Subdomain(group).join(',')));
  } else if (!group.includes('.')) {
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  if (!spec.scope) errors.push(required('spec.scope'));
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') {
    errors.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  }
  for (const [i, version] of versions.entries()) {
    errors.push(...validateVersion(version, `spec.versions[${i}]`));
  }
  if (spec.preserveUnknownFields && versions.some((version) => hasDefaults(schemaOf(version)))) {
    errors.push(
      invalidValue(
        'spec.preserveUnknownFields',
        true,
        'must be false in order to use defaults in the schema',
      ),
    );
  }
  if (new Set(versions.map(({ name }) => name)).size !== versions.length) {
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must contain unique version names',
      ),
    );
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  // Kubernetes' internal form repeats the first version's name, and its complaint with it.
  const first = versions[0]?.name;
  if (first) errors.push(...joined('spec.version', first, dns1035Label(first)));
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (!spec.names?.[name]) errors.push(required(`spec.names.${name}`));
  }
  if (spec.names) errors.push(...validateNames(spec.names, 'spec.names'));
  forParts(spec, 'schema', ({ openAPIV3Schema }, path, version) => {
    if (!openAPIV3Schema) return;
    const hasStatus = version.subresources?.status !== undefined;
    errors.push(...validateSchema(openAPIV3Schema as JsonSchema, `${path}.openAPIV3Schema`, { hasStatus }));
  });
  forParts(spec, 'subresources', (subresources, path) => {
    errors.push(...validateSubresources(subresources, path));
  });
  forParts(spec, 'additionalPrinterColumns', (columns, path) => {
    columns.forEach((column, i) => {
      errors.push(...validateColumn(column, `${path}[${i}]`));
    });
  });
  forParts(spec, 'selectableFields', (fields, path, version) => {
    errors.push(...validateSelectableFields(fields, schemaOf(version), path));
  });
  if (spec.preserveUnknownFields && spec.conversion?.strategy === 'Webhook') {
    errors.push(
      invalidValue(
        'spec.conversion.strategy',
        spec.conversion.strategy,
        'must be None if spec.preserveUnknownFields is true',
      ),
    );
  }
  if (spec.conversion) errors.push(...validateConversion(spec.conversion, 'spec.conversion'));
  return errors;
}

function hasDefaults(schema: JsonSchema | undefined): boolean {
  return schema !== undefined && someSchema(schema, (part) => part.default !== undefined);
}

function validateVersion(version: CustomResourceDefinitionVersion, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!version.name) errors.push(...joined(`${field}.name`, '', dns1035Label('')));
  else errors.push(...joined(`${field}.name`, version.name, dns1035Label(version.name)));
  if (!version.schema?.openAPIV3Schema) {
    errors.push(required(`${field}.schema.openAPIV3Schema`, 'schemas are required'));
  }
  const warning = version.deprecationWarning;
  if (warning !== undefined) {
    const at = `${field}.deprecationWarning`;
    if (!version.deprecated) {
      errors.push(invalidValue(at, warning, 'can only be set for deprecated versions'));
    } else if (warning === '') errors.push(invalidValue(at, warning, 'must not be empty'));
    else if (warning.length > 256) errors.push(tooLong(at, 256));
    else if (/[\p{Cc}\p{Cn}]/u.test(warning)) {
      errors.push(invalidValue(at, warning, 'must only contain printable UTF-8 characters'));
    }
  }
  return errors;
}

/** All complaints as one error, as Kubernetes joins them here. */
function joined(field: string, value: string, texts: readonly string[], before = ''): FieldError[] {
  return texts.length > 0 ? [invalidValue(field, value, before + texts.join(','))] : [];
}

function validateNames(names: CustomResourceDefinitionNames, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const mixed = 'may have mixed case, but should otherwise match: ';
  const { plural, singular, kind, listKind } = names;
  if (plural) errors.push(...joined(`${field}.plural`, plural, dns1035Label(plural)));
  if (singular) errors.push(...joined(`${field}.singular`, singular, dns1035Label(singular)));
  if (kind) errors.push(...joined(`${field}.kind`, kind, dns1035Label(kind.toLowerCase()), mixed));
  if (listKind) {
    errors.push(...joined(`${field}.listKind`, listKind, dns1035Label(listKind.toLowerCase()), mixed));
  }
  names.shortNames?.forEach((name, i) => {
    errors.push(...joined(`${field}.shortNames[${i}]`, name, dns1035Label(name)));
  });
  if (kind && kind === listKind) {
    errors.push(invalidValue(`${field}.listKind`, listKind, 'kind and listKind may not be the same'));
  }
  names.categories?.forEach((name, i) => {
    errors.push(...joined(`${field}.categories[${i}]`, name, dns1035Label(name)));
  });
  return errors;
}

function validateColumn(column: CustomResourceColumnDefinition, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (!column.name) errors.push(required(`${field}.name`));
  if (!column.type) errors.push(required(`${field}.type`, types));
  else if (!COLUMN_TYPES.includes(column.type))
    errors.push(invalidValue(`${field}.type`, column.type, types));
  if (column.format && !COLUMN_FORMATS.includes(column.format)) {
    errors.push(invalidValue(`${field}.format`, column.format, `must be one of ${COLUMN_FORMATS.join(',')}`));
  }
  if (!column.jsonPath) errors.push(required(`${field}.JSONPath`));
  else errors.push(...simplePath(column.jsonPath, `${field}.JSONPath`));
  return errors;
}

function simplePath(path: string, field: string): FieldError[] {
  return path.startsWith('.')
    ? []
    : [invalidValue(field, path, 'must be a simple json path starting with .')];
}

function validateSubresources({ scale }: CustomResourceSubresources, field: string): FieldError[] {
  if (!scale) return [];
  const errors: FieldError[] = [];
  const under = (name: 'specReplicasPath' | 'statusReplicasPath', root: string) => {
    const path = scale[name];
    const at = `${field}.scale.${name}`;
    if (!path) errors.push(required(at));
    else if (!path.startsWith('.')) errors.push(...simplePath(path, at));
    else if (!path.startsWith(`.${root}.`)) {
      errors.push(invalidValue(at, path, `should be a json path under .${root}`));
    }
  };
  under('specReplicasPath', 'spec');
  under('statusReplicasPath', 'status');
  const selector = scale.labelSelectorPath;
  if (selector) {
    const at = `${field}.scale.labelSelectorPath`;
    if (!selector.startsWith('.')) errors.push(...simplePath(selector, at));
    else if (!/^\.(?:spec|status)\./.test(selector)) {
      errors.push(invalidValue(at, selector, 'should be a json path under either .spec or .status'));
    }
  }
  return errors;
}

function validateSelectableFields(
  fields: readonly { jsonPath: string }[],
  schema: JsonSchema | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { jsonPath }] of fields.entries()) {
    const at = `${field}[${i}].jsonPath`;
    const path = jsonPath?.trim() ?? '';
    if (!path) {
      errors.push(required(at));
      continue;
    }
    const names = fieldNames(path);
    if (!names) errors.push(invalidValue(at, jsonPath, 'is an invalid path: does not evaluate to a field'));
    else if (names[0] === 'metadata')
      errors.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'));
    else {
      const type = schemaAt(schema, names);
      if (!type)
        errors.push(invalidValue(at, jsonPath, 'is an invalid path: does not refer to a valid field'));
      else if (!['string', 'boolean', 'integer'].includes(type.type ?? '')) {
        errors.push(
          invalidValue(
            at,
            jsonPath,
            'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
          ),
        );
      }
    }
    if (seen.has(path))
      errors.push({
        reason: 'FieldValueDuplicate',
        field: at,
        message: `Duplicate value: ${JSON.stringify(jsonPath)}`,
      });
    seen.add(path);
  }
  if (fields.length > MOST_SELECTABLE) {
    errors.push({
      reason: 'FieldValueTooMany',
      field,
      message: `Too many: ${fields.length}: must have at most ${MOST_SELECTABLE} items`,
    });
  }
  return errors;
}

/** `.spec.a['b.c']` as names; undefined for anything else than plain fields. */
export function fieldNames(path: string): string[] | undefined {
  const names: string[] = [];
  const step = /\.([A-Za-z_$][\w$-]*)|\['((?:[^'\\]|\\.)*)'\]/y;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (!match) return undefined;
    names.push(match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1'));
  }
  return names.length > 0 ? names : undefined;
}

function schemaAt(schema: JsonSchema | undefined, names: readonly string[]): JsonSchema | undefined {
  let at = schema;
  for (const name of names) {
    const { properties } = at ?? {};
    at = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
  return at;
}

function validateConversion(conversion: CustomResourceConversion, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { strategy, webhook } = conversion;
  if (!strategy) errors.push(required(`${field}.strategy`));
  else if (strategy !== 'None' && strategy !== 'Webhook') {
    errors.push(notSupported(`${field}.strategy`, strategy, ['None', 'Webhook']));
  }
  const atClient = `${field}.webhookClientConfig`;
  if (strategy !== 'Webhook') {
    if (webhook?.clientConfig) {
      errors.push(forbidden(atClient, 'should not be set when strategy is not set to Webhook'));
    }
    if (webhook?.conversionReviewVersions?.length) {
      errors.push(
        forbidden(
          `${field}.conversionReviewVersions`,
          'should not be set when strategy is not set to Webhook',
        ),
      );
    }
    return errors;
  }
  const client = webhook?.clientConfig;
  if (!client) {
    errors.push(required(atClient, 'required when strategy is set to Webhook'));
  } else if ((client.url === undefined) === (client.service === undefined)) {
    errors.push(required(atClient, 'exactly one of url or service is required'));
  } else if (client.url !== undefined) {
    errors.push(...validateWebhookUrl(client.url, `${atClient}.url`));
  } else if (client.service) {
    errors.push(...validateWebhookService(client.service, `${atClient}.service`));
  }
  const versions = webhook?.conversionReviewVersions ?? [];
  const atVersions = `${field}.conversionReviewVersions`;
  if (versions.length === 0) errors.push(required(atVersions));
  else if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(
      invalidValue(atVersions, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`),
    );
  }
  const seen = new Set<string>();
  versions.forEach((version, i) => {
    if (seen.has(version)) errors.push(invalidValue(`${atVersions}[${i}]`, version, 'duplicate version'));
    else errors.push(...joined(`${atVersions}[${i}]`, version, dns1035Label(version)));
    seen.add(version);
  });
  return errors;
}
