import { forbidden, internalError } from '@wheelhouse/shared/errors';
import { type ResourceQuota, resourceQuotaKind } from '@wheelhouse/shared/kinds/core/resource-quota';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { QuotaAccountant } from '../quota/accountant';
import type { Demand } from '../quota/charge';
import { evaluatorOf } from '../quota/evaluator';
import type { AdmissionAttributes, AdmissionPlugin } from './admission';
import { isPods } from './pod-attributes';

/**
 * Lets nothing into a namespace that its quotas have no room for, and charges what it lets in before it is written.
 * What the API then refuses after all is given back.
 */
export function resourceQuota(): AdmissionPlugin {
  /** One for the server, whose requests share their writes. */
  let shared: QuotaAccountant | undefined;
  const accountantOf = ({ system }: AdmissionAttributes): QuotaAccountant => {
    if (!system) throw internalError('quotas cannot be charged without a client');
    shared ??= new QuotaAccountant(system);
    return shared;
  };

  async function settle(attributes: AdmissionAttributes, namespace: string, demand: Demand, known: Quotas) {
    const accountant = accountantOf(attributes);
    if (attributes.dryRun) {
      const refused = await accountant.check(namespace, demand);
      if (refused) throw refusal(attributes, refused);
      return;
    }
    const settlement = await accountant.take(namespace, demand, known);
    if ('refused' in settlement) throw refusal(attributes, settlement.refused);
    const { receipt } = settlement;
    if (receipt.size > 0) attributes.onFailure?.(() => accountant.giveBack(namespace, receipt));
  }

  return {
    name: 'ResourceQuota',
    validate(attributes) {
      const { namespace, reader } = attributes;
      const demand = namespace === undefined ? undefined : demandOf(attributes);
      if (namespace === undefined || !demand) return;
      const use = (quotas: Quotas) =>
        quotas.length > 0 ? settle(attributes, namespace, demand, quotas) : undefined;
      // Every create asks this, so it costs no question to the store.
      const quotas =
        reader.recent?.(resourceQuotaKind, namespace) ?? reader.list(resourceQuotaKind, namespace);
      return 'then' in quotas ? quotas.then(use) : use(quotas);
    },
  };
}

type Quotas = readonly Stored<ResourceQuota>[];

/** Undefined for writes that take nothing. */
function demandOf({
  operation,
  kind,
  subresource,
  object,
  oldObject,
}: AdmissionAttributes): Demand | undefined {
  if (!object || (operation !== 'create' && operation !== 'update')) return undefined;
  const resizes = isPods(kind) && subresource === 'resize' && operation === 'update';
  if (subresource !== undefined && !resizes) return undefined;
  const evaluator = evaluatorOf(kind);
  if (!evaluator || (operation === 'update' && !evaluator.grows && !resizes)) return undefined;
  return { evaluator, object, previous: operation === 'update' ? oldObject : undefined };
}

function refusal({ kind, name }: AdmissionAttributes, why: string): Error {
  return forbidden({ group: kind.group, kind: kind.plural, name }, why);
}
