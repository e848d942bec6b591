import type { Container, EnvVarSource } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, invalidValue, notSupported, required } from '../../../meta/field-error';
import { configKey, dns1123Subdomain, envVarName, objectName, qualifiedName } from '../../../meta/names';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields that have a name in this language, but that nobody may refer to. */
const OTHER_FIELDS = ['spec.restartPolicy', 'spec.schedulerName', 'status.phase'];
const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

export function validateEnv(env: Container['env'], path: string): FieldError[] {
  return (env ?? []).flatMap((variable, i) => {
    const at = `${path}[${i}]`;
    const errors = variable.name
      ? complaints(`${at}.name`, variable.name, envVarName(variable.name))
      : [required(`${at}.name`)];
    if (variable.valueFrom)
      errors.push(...validateSource(variable.valueFrom, variable.value, `${at}.valueFrom`));
    return errors;
  });
}

function validateSource(source: EnvVarSource, value: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  if (source.fieldRef) {
    count++;
    errors.push(...validateFieldRef(source.fieldRef, `${path}.fieldRef`, 'env'));
  }
  if (source.resourceFieldRef) {
    count++;
    errors.push(...validateResourceFieldRef(source.resourceFieldRef, `${path}.resourceFieldRef`, 'env'));
  }
  for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const reference = source[name];
    if (!reference) continue;
    count++;
    const owner = reference.name ?? '';
    errors.push(...complaints(`${path}.${name}.name`, owner, dns1123Subdomain(owner)));
    if (!reference.key) errors.push(required(`${path}.${name}.key`));
    else errors.push(...complaints(`${path}.${name}.key`, reference.key, configKey(reference.key)));
  }
  if (count === 0) {
    errors.push(
      invalidValue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      ),
    );
  } else if (value) {
    errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'));
  } else if (count > 1) {
    errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

/** A field of the pod itself, as a variable or as a file. */
export function validateFieldRef(
  reference: { apiVersion?: string; fieldPath?: string },
  path: string,
  use: 'env' | 'volume',
): FieldError[] {
  if (!reference.apiVersion) return [required(`${path}.apiVersion`)];
  if (!reference.fieldPath) return [required(`${path}.fieldPath`)];
  // What the field was called in the first versions.
  const field = reference.fieldPath === 'spec.host' ? 'spec.nodeName' : reference.fieldPath;
  if (reference.apiVersion !== 'v1') {
    return [
      invalidValue(
        `${path}.fieldPath`,
        field,
        `error converting fieldPath: unsupported pod version: ${reference.apiVersion}`,
      ),
    ];
  }
  const subscript = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/.exec(field);
  if (subscript) {
    const key = subscript[2] ?? '';
    return complaints(
      path,
      key,
      qualifiedName(subscript[1] === 'metadata.annotations' ? key.toLowerCase() : key),
    );
  }
  if (![...ENV_FIELDS, ...VOLUME_FIELDS, ...OTHER_FIELDS].includes(field)) {
    return [
      invalidValue(
        `${path}.fieldPath`,
        field,
        `error converting fieldPath: field label not supported: ${field}`,
      ),
    ];
  }
  const allowed = use === 'env' ? ENV_FIELDS : VOLUME_FIELDS;
  return allowed.includes(field) ? [] : [notSupported(`${path}.fieldPath`, field, allowed)];
}

/** A request or limit of a container, as a variable or as a file. */
export function validateResourceFieldRef(
  reference: { containerName?: string; resource?: string; divisor?: string },
  path: string,
  use: 'env' | 'volume',
): FieldError[] {
  const { resource = '', divisor } = reference;
  if (use === 'volume' && !reference.containerName) return [required(`${path}.containerName`)];
  if (!resource) return [required(`${path}.resource`)];
  if (!RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    return [notSupported(`${path}.resource`, resource, RESOURCES)];
  }
  if (!divisor || divisor === '0') return [];
  const cpu = resource.endsWith('.cpu');
  const allowed = cpu
    ? ['1m', '1']
    : ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
  if (allowed.includes(divisor)) return [];
  return [
    invalidValue(
      `${path}.divisor`,
      resource,
      cpu
        ? "only divisor's values 1m and 1 are supported with the cpu resource"
        : "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource",
    ),
  ];
}

export function validateEnvFrom(sources: Container['envFrom'], path: string): FieldError[] {
  return (sources ?? []).flatMap((source, i) => {
    const at = `${path}[${i}]`;
    const errors = source.prefix ? complaints(`${at}.prefix`, source.prefix, envVarName(source.prefix)) : [];
    let count = 0;
    for (const name of ['configMapRef', 'secretRef'] as const) {
      const reference = source[name];
      if (!reference) continue;
      count++;
      if (!reference.name) errors.push(required(`${at}.${name}.name`));
      else {
        const complained = objectName('dns-subdomain', reference.name, { prefix: true });
        errors.push(...complaints(`${at}.${name}.name`, reference.name, complained));
      }
    }
    // Kubernetes leaves the index out of these two.
    if (count === 0)
      errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (count > 1)
      errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}
