import type { HTTPIngressPath, Ingress, IngressRule, IngressSpec } from 'kubernetes-types/networking/v1';
import { complaints, type FieldError, invalidValue, notSupported, required } from '../../meta/field-error';
import { isIp } from '../../meta/ip';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Subdomain, wildcardSubdomain } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateHostName } from '../core/service-status';
import { BAD_IP } from '../core/service-validation';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { validateBackend } from './ingress-backend';

export type { Ingress };

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
/** Paths are compared as text, so what could be written in two ways is refused. */
const AMBIGUOUS = ['//', '/./', '/../', '%2f', '%2F'];
const AMBIGUOUS_ENDS = ['/..', '/.'];
const HOSTS_SHOWN = 3;

/** How requests from outside reach services, by host and path. */
export const ingressKind: KindDefinition<Ingress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  namespaced: true,
  schema: 'io.k8s.api.networking.v1.Ingress',
  status: true,
  columns: [
    nameColumn,
    {
      name: 'Class',
      type: 'string',
      description: 'Which controller answers for it.',
      cell: ({ spec }) => spec?.ingressClassName ?? '<none>',
    },
    {
      name: 'Hosts',
      type: 'string',
      description: 'The hosts that requests are matched against.',
      cell: ({ spec }) => hosts(spec?.rules ?? []),
    },
    {
      name: 'Address',
      type: 'string',
      description: 'Where the load balancer listens.',
      cell: ({ status }) => {
        const points = status?.loadBalancer?.ingress ?? [];
        return [...new Set(points.map(({ ip, hostname }) => ip || hostname || ''))]
          .filter(Boolean)
          .sort()
          .join(',');
      },
    },
    {
      name: 'Ports',
      type: 'string',
      description: 'The ports that are open.',
      cell: ({ spec }) => (spec?.tls?.length ? '80, 443' : '80'),
    },
    ageColumn,
  ],
  default(ingress) {
    setStatus(ingress, { ...ingress.status, loadBalancer: ingress.status?.loadBalancer ?? {} });
  },
  prepareForCreate(ingress) {
    setStatus(ingress, { loadBalancer: {} });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) => validateSpec(spec ?? {}),
  validateCreate: validateClass,
  validateStatusUpdate: validateStatus,
};

function hosts(rules: readonly IngressRule[]): string {
  const named = rules.flatMap(({ host }) => host || []);
  if (named.length === 0) return '*';
  const shown = named.slice(0, HOSTS_SHOWN).join(',');
  return rules.length > HOSTS_SHOWN && named.length >= HOSTS_SHOWN
    ? `${shown} + ${rules.length - HOSTS_SHOWN} more...`
    : shown;
}

/** The annotation of earlier days and the field must not say different things. */
function validateClass({ metadata, spec }: Ingress): FieldError[] {
  const annotated = metadata?.annotations?.[CLASS_ANNOTATION];
  const named = spec?.ingressClassName;
  return annotated !== undefined && named !== undefined && annotated !== named
    ? [
        invalidValue(
          `annotations.${CLASS_ANNOTATION}`,
          annotated,
          'must match `ingressClassName` when both are specified',
        ),
      ]
    : [];
}

function validateSpec(spec: IngressSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.push(
      invalidValue('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
    );
  }
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
  spec.rules?.forEach((rule, i) => {
    errors.push(...validateRule(rule, `spec.rules[${i}]`));
  });
  spec.tls?.forEach(({ hosts: names, secretName }, i) => {
    names?.forEach((host, j) => {
      errors.push(...complaints(`spec.tls[${i}].hosts[${j}]`, host, hostComplaints(host)));
    });
    if (secretName)
      errors.push(...complaints(`spec.tls[${i}].secretName`, secretName, dns1123Subdomain(secretName)));
  });
  if (spec.ingressClassName !== undefined) {
    errors.push(
      ...complaints('spec.ingressClassName', spec.ingressClassName, dns1123Subdomain(spec.ingressClassName)),
    );
  }
  return errors;
}

const hostComplaints = (host: string) =>
  host.includes('*') ? wildcardSubdomain(host) : dns1123Subdomain(host);

function validateRule({ host, http }: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (host) {
    if (isIp(host)) errors.push(invalidValue(`${path}.host`, host, 'must be a DNS name, not an IP address'));
    errors.push(...complaints(`${path}.host`, host, hostComplaints(host)));
  }
  if (!http) return errors;
  if (!http.paths?.length) errors.push(required(`${path}.http.paths`));
  http.paths?.forEach((one, i) => {
    errors.push(...validatePath(one, `${path}.http.paths[${i}]`));
  });
  return errors;
}

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')];
  const errors: FieldError[] = [];
  const complain = (detail: string) => errors.push(invalidValue(`${at}.path`, path, detail));
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      if (!path.startsWith('/')) complain('must be an absolute path');
      for (const part of AMBIGUOUS) if (path.includes(part)) complain(`must not contain '${part}'`);
      for (const end of AMBIGUOUS_ENDS) if (path.endsWith(end)) complain(`cannot end with '${end}'`);
      break;
    case 'ImplementationSpecific':
      if (path !== '' && !path.startsWith('/')) complain('must be an absolute path');
      break;
    default:
      errors.push(notSupported(`${at}.pathType`, pathType, PATH_TYPES));
  }
  return [...errors, ...validateBackend(backend, `${at}.backend`)];
}

function validateStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const at = `status.loadBalancer.ingress[${i}]`;
    const errors: FieldError[] = [];
    if (ip && !isIp(ip)) errors.push(invalidValue(`${at}.ip`, ip, BAD_IP));
    return [...errors, ...validateHostName(hostname, `${at}.hostname`)];
  });
}
