import type { PodTemplate } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';
import { containerColumns, formatLabels, nameColumn } from '../columns';
import { defaultPodSpec } from './pod-spec/defaults';
import { validatePodTemplate } from './pod-spec/validate';

export type { PodTemplate };

export const podTemplateKind: KindDefinition<PodTemplate> = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  namespaced: true,
  schema: 'io.k8s.api.core.v1.PodTemplate',
  hasGeneration: true,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    ...containerColumns<PodTemplate>(({ template }) => template?.spec?.containers ?? []).map((column) => ({
      ...column,
      priority: 0,
    })),
    {
      name: 'Pod Labels',
      type: 'string',
      description: 'The labels for the pod template.',
      cell: ({ template }) => formatLabels(template?.metadata?.labels),
    },
  ],
  default({ template }) {
    if (template?.spec) defaultPodSpec(template.spec);
  },
  validate: ({ template }) => validatePodTemplate(template, 'template'),
};
