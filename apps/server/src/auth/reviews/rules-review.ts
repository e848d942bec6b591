import { badRequest } from '@wheelhouse/shared/errors';
import type { SelfSubjectRulesReview } from 'kubernetes-types/authorization/v1';
import type { UserInfo, VirtualResource } from '../../http/extension';
import { nodeNameOf } from '../node-identity';
import type { PolicyRule } from '../rbac-rules';
import { type RbacSource, rulesFor } from '../rbac-source';
import { readObject } from './access-reviews';

/** `kubectl auth can-i --list`: what the caller may do in one namespace, as far as rules can say it. */
export function createRulesReview(source: RbacSource): VirtualResource {
  return {
    plural: 'selfsubjectrulesreviews',
    singular: 'selfsubjectrulesreview',
    kind: 'SelfSubjectRulesReview',
    namespaced: false,
    async create(body, { user }) {
      const { spec } = readObject<SelfSubjectRulesReview>(body);
      if (!spec?.namespace) throw badRequest('no namespace on request');
      const rules = [...rulesFor(source, user, spec.namespace)];
      return {
        kind: 'SelfSubjectRulesReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: { creationTimestamp: null },
        spec: {},
        status: {
          resourceRules: rules.filter(({ resources }) => resources?.length).map(resourceRule),
          nonResourceRules: rules
            .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
            .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
          ...incompleteness(user),
        },
      };
    },
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule) {
  return { verbs, apiGroups, resources, ...(resourceNames?.length ? { resourceNames } : {}) };
}

/** What a node may do hangs on its pods, which no list of rules can say. */
function incompleteness(user: UserInfo): { incomplete: boolean; evaluationError?: string } {
  return nodeNameOf(user) === undefined
    ? { incomplete: false }
    : { incomplete: true, evaluationError: 'node authorizer does not support user rule resolution' };
}
