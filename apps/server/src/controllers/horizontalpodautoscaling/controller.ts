import type { Client } from '@wheelhouse/shared/client/client';
import { asApiError, isConflict, isNotFound } from '@wheelhouse/shared/errors';
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from '@wheelhouse/shared/kinds/autoscaling/horizontal-pod-autoscaler';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { parseLabelSelector } from '@wheelhouse/shared/meta/labels';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import { type PodMetrics, podMetricsType } from '@wheelhouse/shared/metrics/resource-metrics';
import type { HorizontalPodAutoscalerStatus } from 'kubernetes-types/autoscaling/v2';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { sameJson } from '../machinery/same-json';
import { readScale, resolveTarget, type Scale, writeScale } from '../machinery/scale-target';
import { type Memory, NO_MEMORY, rescaled } from './limits';
import { type AutoscalerPlan, type Finding, planAutoscaler, statusAfter } from './plan';

/** How often each autoscaler looks at its target. */
const PERIOD_MS = 15_000;

interface Target {
  readonly type: ResourceType;
  readonly scale: Stored<Scale>;
}

/** Gives targets as many replicas as their load asks for. Works through `/scale`, so on every kind that has one. */
export const horizontalPodAutoscalingController: ControllerDefinition = {
  name: 'horizontalpodautoscaling',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const autoscalers = context.cache(horizontalPodAutoscalerKind);
    const pods = context.cache(podKind);
    const events = context.recorder('horizontal-pod-autoscaler');
    const memories = new Map<string, Memory>();
    /** By uid: when each was last looked at. Writing its status must not make it look again at once. */
    const looks = new Map<string, { at: number; spec: unknown }>();

    context.informer(horizontalPodAutoscalerKind).subscribe({
      added: (autoscaler) => queue.add(keyOf(autoscaler)),
      updated(autoscaler, previous) {
        if (!sameJson(autoscaler.spec, previous.spec)) queue.add(keyOf(autoscaler));
      },
      deleted({ metadata }) {
        memories.delete(metadata.uid);
        looks.delete(metadata.uid);
      },
    });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const autoscaler = autoscalers.get(key);
      if (!autoscaler || autoscaler.metadata.deletionTimestamp) return undefined;
      const { uid } = autoscaler.metadata;
      const last = looks.get(uid);
      const wait = last && sameJson(last.spec, autoscaler.spec) ? last.at + PERIOD_MS - clock.monotonic() : 0;
      if (wait > 0) return { requeueAfterMs: wait };
      looks.set(uid, { at: clock.monotonic(), spec: autoscaler.spec });
      await look(autoscaler);
      return { requeueAfterMs: PERIOD_MS };
    }

    async function look(autoscaler: Stored<HorizontalPodAutoscaler>): Promise<void> {
      const { namespace = '', uid } = autoscaler.metadata;
      const target = await targetOf(autoscaler);
      if (!target) return;
      const { scale } = target;
      const current = scale.spec?.replicas ?? 0;
      const selector = scale.status?.selector ?? '';
      const matches = parseLabelSelector(selector);
      const plan = planAutoscaler(
        autoscaler,
        {
          namespace,
          currentReplicas: current,
          hasSelector: selector !== '',
          pods: pods
            .byIndex('namespace', namespace)
            .filter(({ metadata }) => matches.matches(metadata.labels)),
          metrics: selector === '' ? [] : await metricsOf(client, namespace, selector),
          now: clock.now(),
        },
        memories.get(uid) ?? NO_MEMORY,
      );
      for (const { reason, message } of plan.events) events.record(autoscaler, 'Warning', reason, message);
      const { findings, memory, done } = await rescale(autoscaler, target, plan);
      memories.set(uid, memory);
      const status = statusAfter(
        autoscaler.status,
        {
          current,
          desired: done || !plan.rescale ? plan.replicas : (autoscaler.status?.desiredReplicas ?? 0),
          metrics: plan.metrics,
          conditions: [...plan.conditions, ...findings],
          rescaled: done,
        },
        clock.now(),
      );
      await writeStatus(autoscaler, status);
    }

    /** Undefined: it cannot be had, which is said in the status. */
    async function targetOf(autoscaler: Stored<HorizontalPodAutoscaler>): Promise<Target | undefined> {
      const reference = autoscaler.spec?.scaleTargetRef;
      const { namespace = '' } = autoscaler.metadata;
      let message: string;
      try {
        const type = reference && (await resolveTarget(client, reference));
        if (type) {
          return { type, scale: await readScale(client, type, { name: reference.name, namespace }) };
        }
        const [group = ''] = reference?.apiVersion?.includes('/') ? reference.apiVersion.split('/') : [];
        message = `no matches for kind ${JSON.stringify(reference?.kind ?? '')} in group ${JSON.stringify(group)}`;
      } catch (error) {
        message = asApiError(error).message;
      }
      events.record(autoscaler, 'Warning', 'FailedGetScale', message);
      const finding: Finding = {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedGetScale',
        message: `the HPA controller was unable to get the target's current scale: ${message}`,
      };
      const status = statusAfter(
        autoscaler.status,
        {
          current: undefined,
          desired: autoscaler.status?.desiredReplicas ?? 0,
          metrics: undefined,
          conditions: [finding],
          rescaled: false,
        },
        clock.now(),
      );
      await writeStatus(autoscaler, status);
      return undefined;
    }

    async function rescale(
      autoscaler: Stored<HorizontalPodAutoscaler>,
      { type, scale }: Target,
      plan: AutoscalerPlan,
    ): Promise<{ findings: Finding[]; memory: Memory; done: boolean }> {
      if (!plan.rescale) return { findings: [], memory: plan.memory, done: false };
      const { replicas, reason } = plan.rescale;
      try {
        await writeAnyway(type, scale, replicas);
      } catch (error) {
        const { message } = asApiError(error);
        events.record(
          autoscaler,
          'Warning',
          'FailedRescale',
          `New size: ${replicas}; reason: ${reason}; error: ${message}`,
        );
        const finding: Finding = {
          type: 'AbleToScale',
          status: 'False',
          reason: 'FailedUpdateScale',
          message: `the HPA controller was unable to update the target scale: ${message}`,
        };
        return { findings: [finding], memory: plan.memory, done: false };
      }
      events.record(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`);
      const finding: Finding = {
        type: 'AbleToScale',
        status: 'True',
        reason: 'SucceededRescale',
        message: `the HPA controller was able to update the target scale to ${replicas}`,
      };
      const from = scale.spec?.replicas ?? 0;
      return { findings: [finding], memory: rescaled(plan.memory, from, replicas, clock.now()), done: true };
    }

    /** A status that was written meanwhile is no reason to wait for the next look; another size is. */
    async function writeAnyway(type: ResourceType, scale: Stored<Scale>, replicas: number): Promise<void> {
      try {
        await writeScale(client, type, scale, replicas);
      } catch (error) {
        if (!isConflict(error)) throw error;
        const { name, namespace = '' } = scale.metadata;
        const fresh = await readScale(client, type, { name, namespace });
        if (fresh.metadata.uid !== scale.metadata.uid || fresh.spec?.replicas !== scale.spec?.replicas)
          throw error;
        await writeScale(client, type, fresh, replicas);
      }
    }

    async function writeStatus(
      autoscaler: Stored<HorizontalPodAutoscaler>,
      status: HorizontalPodAutoscalerStatus,
    ): Promise<void> {
      if (sameJson(status, autoscaler.status)) return;
      try {
        await client.update(
          horizontalPodAutoscalerKind,
          { ...autoscaler, status },
          { subresource: 'status' },
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    return { name: 'horizontalpodautoscalers', queue, reconcile };
  },
};

/** Without the API there are no figures, which the plan puts in words. */
async function metricsOf(
  client: Pick<Client, 'list'>,
  namespace: string,
  labelSelector: string,
): Promise<readonly PodMetrics[]> {
  try {
    return (await client.list(podMetricsType, { namespace, labelSelector })).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
