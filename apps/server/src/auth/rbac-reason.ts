import type { RoleRef, Subject } from 'kubernetes-types/rbac/v1';
import type { AuthorizationRequest } from './auth';
import { ruleAllows } from './rbac-rules';
import { type RbacSource, rulesOfRole, subjectFor } from './rbac-source';

interface Binding {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[];
}

/** The first binding that allows the request, in Kubernetes' words; empty when none does (any more). */
export function reasonFor(source: RbacSource, request: AuthorizationRequest): string {
  const namespace = request.resource?.namespace;
  return (
    explain(source.clusterRoleBindings(), undefined) ||
    (namespace ? explain(source.roleBindings(namespace), namespace) : '')
  );

  function explain(bindings: readonly Binding[], place: string | undefined): string {
    for (const { metadata, roleRef, subjects } of bindings) {
      const subject = subjectFor(subjects, request.user, place);
      if (!subject) continue;
      if (!rulesOfRole(source, roleRef, place).some((rule) => ruleAllows(rule, request))) continue;
      const kind = place === undefined ? 'ClusterRoleBinding' : 'RoleBinding';
      const name = [metadata?.name ?? '', ...(place === undefined ? [] : [place])].join('/');
      return `RBAC: allowed by ${kind} "${name}" of ${roleRef.kind} "${roleRef.name}" to ${describe(subject, place)}`;
    }
    return '';
  }
}

function describe({ kind, name, namespace }: Subject, place: string | undefined): string {
  return kind === 'ServiceAccount' ? `${kind} "${name}/${namespace || (place ?? '')}"` : `${kind} "${name}"`;
}
