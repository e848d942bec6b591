import type { IngressClass } from 'kubernetes-types/networking/v1';
import {
  complaints,
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Label, dns1123Subdomain } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateTypedReference } from './ingress-backend';

export type { IngressClass };

const MAX_CONTROLLER = 250;
const SCOPES = ['Cluster', 'Namespace'];

/** Names a controller that answers for ingresses, and its settings. */
export const ingressClassKind: KindDefinition<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.IngressClass',
  hasGeneration: true,
  columns: [
    nameColumn,
    {
      name: 'Controller',
      type: 'string',
      description: 'Which controller answers for ingresses of this class.',
      cell: ({ spec }) => spec?.controller ?? '',
    },
    {
      name: 'Parameters',
      type: 'string',
      description: "Where the controller's settings are.",
      cell({ spec }) {
        const { apiGroup, kind, name } = spec?.parameters ?? {};
        if (!spec?.parameters) return '<none>';
        return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
      },
    },
    ageColumn,
  ],
  default({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate: ({ spec }) => [...validateController(spec?.controller), ...validateParameters(spec?.parameters)],
  validateUpdate: (next, previous) =>
    immutable('spec.controller', next.spec?.controller, previous.spec?.controller),
};

function validateController(controller = ''): FieldError[] {
  const field = 'spec.controller';
  if (controller === '') return [required(field)];
  const errors = controller.length > MAX_CONTROLLER ? [tooLong(field, MAX_CONTROLLER)] : [];
  const slash = controller.indexOf('/');
  const [domain, path] = [controller.slice(0, Math.max(slash, 0)), controller.slice(slash + 1)];
  if (slash < 0 || domain === '' || path === '') {
    const text = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [...errors, invalidValue(field, controller, text)];
  }
  errors.push(...complaints(field, domain, dns1123Subdomain(domain)));
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path)) {
    errors.push(invalidValue(field, path, 'a valid path must consist of characters that URLs allow'));
  }
  return errors;
}

function validateParameters(parameters: NonNullable<IngressClass['spec']>['parameters']): FieldError[] {
  if (!parameters) return [];
  const path = 'spec.parameters';
  const { scope, namespace } = parameters;
  const errors = validateTypedReference(parameters, path);
  if (scope === undefined) return [...errors, required(`${path}.scope`)];
  if (!SCOPES.includes(scope)) errors.push(notSupported(`${path}.scope`, scope, SCOPES));
  if (scope === 'Namespace') {
    if (namespace === undefined) {
      errors.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    } else errors.push(...complaints(`${path}.namespace`, namespace, dns1123Label(namespace)));
  }
  if (scope === 'Cluster' && namespace !== undefined) {
    errors.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}
