import { type FieldError, invalidValue, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { dns1035Label, dns1123Subdomain } from '../../meta/names';
import type { Condition, KubeObject } from '../../meta/object';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatusAlone, keepStatus, setStatus } from '../status-split';

/** The package of wire types lacks this group. */
export interface ApiService extends KubeObject {
  spec?: ApiServiceSpec;
  status?: { conditions?: ApiServiceCondition[] };
}

export interface ApiServiceSpec {
  caBundle?: string;
  group?: string;
  groupPriorityMinimum?: number;
  insecureSkipTLSVerify?: boolean;
  service?: { name?: string; namespace?: string; port?: number };
  version?: string;
  versionPriority?: number;
}

export type ApiServiceCondition = Omit<Condition, 'lastTransitionTime' | 'reason' | 'message'> & {
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
};

function availability({ status }: ApiService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

/** Says which server answers for a group and version: this one, or a service that requests are passed on to. */
export const apiServiceKind: KindDefinition<ApiService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  singular: 'apiservice',
  categories: ['api-extensions'],
  namespaced: false,
  plainFinalizers: true,
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  conditionalUpdate: true,
  // The core group's is called `v1.`.
  nameRule: 'path-segment',
  status: true,
  hasGeneration: false,
  columns: [
    nameColumn,
    {
      name: 'Service',
      type: 'string',
      description: 'Reference to the service that hosts this API endpoint.',
      cell: ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local'),
    },
    {
      name: 'Available',
      type: 'string',
      description: 'Whether this service is available.',
      cell: availability,
    },
    ageColumn,
  ],
  default({ spec }) {
    if (spec?.service) spec.service.port ??= 443;
  },
  prepareForCreate(service) {
    setStatus(service, {});
    if (!service.spec?.service) {
      setStatus(service, {
        conditions: [
          {
            type: 'Available',
            status: 'True',
            reason: 'Local',
            message: 'Local APIServices are always available',
            ...(service.metadata?.creationTimestamp
              ? { lastTransitionTime: service.metadata.creationTimestamp }
              : {}),
          },
        ],
      });
    }
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatusAlone,
  validate: validateApiService,
};

function validateApiService({ metadata, spec }: ApiService): FieldError[] {
  if (!spec) return [required('spec')];
  const errors: FieldError[] = [];
  const { group = '', version = '', service, insecureSkipTLSVerify, caBundle } = spec;
  const name = `${version}.${group}`;
  if (metadata?.name !== undefined && metadata.name !== name) {
    errors.push(
      invalidValue(
        'metadata.name',
        metadata.name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`,
      ),
    );
  }
  if (group === '') {
    if (version !== 'v1') {
      errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
    }
  } else {
    for (const text of dns1123Subdomain(group)) errors.push(invalidValue('spec.group', group, text));
  }
  for (const text of dns1035Label(version)) errors.push(invalidValue('spec.version', version, text));
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1000],
  ] as const) {
    const value = spec[field] ?? 0;
    if (value <= 0 || value > most) {
      errors.push(invalidValue(`spec.${field}`, value, `must be positive and less than ${most}`));
    }
  }
  if (!service) {
    if (caBundle)
      errors.push(
        invalidValue(
          'spec.caBundle',
          `${caBundle.length} bytes`,
          'local APIServices may not have a caBundle',
        ),
      );
    if (insecureSkipTLSVerify) {
      errors.push(
        invalidValue(
          'spec.insecureSkipTLSVerify',
          true,
          'local APIServices may not have insecureSkipTLSVerify',
        ),
      );
    }
    return errors;
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'));
  if (!service.name) errors.push(required('spec.service.name'));
  if ((service.port ?? 443) < 1 || (service.port ?? 443) > 65_535) {
    errors.push(
      invalidValue(
        'spec.service.port',
        service.port,
        'port is not valid: must be between 1 and 65535, inclusive',
      ),
    );
  }
  if (insecureSkipTLSVerify && caBundle) {
    errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  }
  return errors;
}
