import type { Container, PodSpec, Volume } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../../meta/field-error';
import { dns1123Label, portName, portNumber } from '../../../meta/names';
import { validateEnv, validateEnvFrom } from './env';
import { validateMounts } from './mounts';
import { validateLifecycle, validateProbe } from './probes';
import { validateResources } from './resources';
import { validateContainerSecurity } from './security';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];

/** Ordinary and init containers of a pod spec. */
export function validateContainers(
  spec: PodSpec,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const containers = spec.containers ?? [];
  if (containers.length === 0) errors.push(required(`${path}.containers`));
  const grace = spec.terminationGracePeriodSeconds;
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const at = `${path}.containers[${i}]`;
    errors.push(...validateContainer(container, { spec, volumes, path: at }));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    if (container.restartPolicy !== undefined)
      errors.push(forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers'));
    errors.push(
      ...validateProbes(container, at),
      ...validateLifecycle(container.lifecycle, `${at}.lifecycle`, grace),
    );
  }
  errors.push(...hostPortConflicts(containers, `${path}.containers`));
  for (const [i, container] of (spec.initContainers ?? []).entries()) {
    const at = `${path}.initContainers[${i}]`;
    errors.push(...validateContainer(container, { spec, volumes, path: at }));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    // One runs after the other, so that each is looked at alone; as the first, if one goes by the path.
    errors.push(...hostPortConflicts([container], `${path}.initContainers`));
    if (container.restartPolicy === 'Always') {
      errors.push(
        ...validateProbes(container, at),
        ...validateLifecycle(container.lifecycle, `${at}.lifecycle`, grace),
      );
      continue;
    }
    if (container.restartPolicy !== undefined)
      errors.push(notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
    for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      const value = container[name];
      if (value)
        errors.push(
          invalidValue(
            `${at}.${name}`,
            value,
            'must not be set for init containers without restartPolicy=Always',
          ),
        );
    }
  }
  return errors;
}

/** What all kinds of containers have in common, those for debugging included. */
export function validateContainer(
  container: Container,
  { spec, volumes, path }: { spec: PodSpec; volumes: ReadonlyMap<string, Volume>; path: string },
): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(required(`${path}.name`));
  else errors.push(...complaints(`${path}.name`, container.name, dns1123Label(container.name)));
  if (!container.image) errors.push(required(`${path}.image`));
  const message = container.terminationMessagePolicy;
  if (!message) errors.push(required(`${path}.terminationMessagePolicy`));
  else if (!MESSAGE_POLICIES.includes(message)) {
    errors.push(
      invalidValue(
        `${path}.terminationMessagePolicy`,
        message,
        `must be ${MESSAGE_POLICIES.map((one) => `'${one}'`).join(' or ')}`,
      ),
    );
  }
  errors.push(...validatePorts(container.ports, `${path}.ports`));
  errors.push(
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
  );
  errors.push(...validateMounts(container, volumes, path));
  const pull = container.imagePullPolicy;
  if (!pull) errors.push(required(`${path}.imagePullPolicy`));
  else if (!PULL_POLICIES.includes(pull))
    errors.push(notSupported(`${path}.imagePullPolicy`, pull, PULL_POLICIES));
  errors.push(...validateResources(container.resources, `${path}.resources`));
  errors.push(...validateResizePolicy(container, `${path}.resizePolicy`, spec.restartPolicy));
  errors.push(...validateContainerSecurity(container.securityContext, `${path}.securityContext`, spec));
  return errors;
}

function validateProbes(container: Container, path: string): FieldError[] {
  return [
    ...validateProbe(container.livenessProbe, `${path}.livenessProbe`, false),
    ...validateProbe(container.readinessProbe, `${path}.readinessProbe`, true),
    ...validateProbe(container.startupProbe, `${path}.startupProbe`, false),
  ];
}

function validatePorts(ports: Container['ports'], path: string): FieldError[] {
  const names = new Set<string>();
  return (ports ?? []).flatMap((port, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (port.name) {
      const complained = portName(port.name);
      errors.push(...complaints(`${at}.name`, port.name, complained));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      if (complained.length === 0) names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else
      errors.push(...complaints(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort)));
    if (port.hostPort) errors.push(...complaints(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort)));
    if (!port.protocol) errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(port.protocol))
      errors.push(notSupported(`${at}.protocol`, port.protocol, PROTOCOLS));
    return errors;
  });
}

/** A host port can be given once in a pod. */
function hostPortConflicts(containers: readonly Container[], path: string): FieldError[] {
  const seen = new Set<string>();
  return containers.flatMap((container, i) =>
    (container.ports ?? []).flatMap((port, j) => {
      if (!port.hostPort) return [];
      const text = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (seen.has(text)) return [duplicate(`${path}[${i}].ports[${j}].hostPort`, text)];
      seen.add(text);
      return [];
    }),
  );
}

/** Images of pods are taken as they are written; in templates a blank one may stand for another. */
export function validateImageSpaces(
  containers: readonly Container[] | undefined,
  path: string,
): FieldError[] {
  return (containers ?? []).flatMap(({ image = '' }, i) =>
    image === image.trim()
      ? []
      : [invalidValue(`${path}[${i}].image`, image, 'must not have leading or trailing whitespace')],
  );
}

const RESIZABLE = ['cpu', 'memory'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];

/** Kubernetes leaves the index out of most of these paths. */
function validateResizePolicy(
  { resizePolicy }: Container,
  path: string,
  restartPolicy: string | undefined,
): FieldError[] {
  const seen = new Set<string>();
  return (resizePolicy ?? []).flatMap(({ resourceName, restartPolicy: policy }, i) => {
    const errors: FieldError[] = [];
    if (seen.has(resourceName)) errors.push(duplicate(`${path}[${i}]`, resourceName));
    seen.add(resourceName);
    if (!resourceName || !policy) errors.push(required(path));
    if (resourceName && !RESIZABLE.includes(resourceName)) {
      errors.push(notSupported(path, resourceName, RESIZABLE));
    }
    if (policy && !RESIZE_POLICIES.includes(policy)) errors.push(notSupported(path, policy, RESIZE_POLICIES));
    if (restartPolicy === 'Never' && policy !== 'NotRequired') {
      errors.push(invalidValue(path, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    }
    return errors;
  });
}
