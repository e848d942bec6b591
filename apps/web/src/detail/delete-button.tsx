'use client';
import { useState } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { callApi, inWords } from '../api/call-api';
import { kindOf, pathOf } from '../api/paths';
import { type Shown, show } from '../ui/show';
import { toast } from '../ui/ui-store';

const CONSEQUENCES: Readonly<Record<string, string>> = {
  pods: 'It is asked to stop. If a workload wants it, another one takes its place.',
  deployments: 'Its pods stop, all of them, and nothing takes their place.',
  replicasets: 'Its pods stop, all of them, and nothing takes their place.',
  replicationcontrollers: 'Its pods stop, all of them, and nothing takes their place.',
  statefulsets:
    'Its pods stop, all of them, and nothing takes their place. Their claims, and what is in them, stay.',
  daemonsets: 'Its pods stop on every node, and nothing takes their place.',
  jobs: 'Its pods go too, and with them what they logged.',
  cronjobs: 'It runs no more, and the jobs that it made go too.',
  persistentvolumeclaims: 'What is stored in its volume may be gone with it.',
  horizontalpodautoscalers: 'Its workload stays at the number that it has now.',
  poddisruptionbudgets: 'Draining a node may then take all of its pods at once.',
  services: 'What finds pods through this service finds them no more.',
  namespaces: 'Everything in it goes with it.',
  nodes: 'The cluster forgets the node; a running agent registers it again.',
  secrets: 'Pods that read it cannot start again without it.',
  configmaps: 'Pods that read it cannot start again without it.',
};

const WITH_DEPENDENTS = new Set([
  'deployments',
  'replicasets',
  'replicationcontrollers',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
]);

/** Deleting asks once, in words that say what follows. */
export function DeleteButton({ shown }: { shown: Shown }) {
  const [busy, setBusy] = useState(false);
  const remove = async (close: () => void) => {
    setBusy(true);
    try {
      // Dependents go too: that is what the dialog says.
      const workload = WITH_DEPENDENTS.has(shown.resource);
      await callApi(pathOf(shown), {
        method: 'DELETE',
        ...(workload
          ? { body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' } }
          : {}),
      });
      close();
      show(undefined);
      toast('done', `${shown.name} is being deleted`);
    } catch (error) {
      toast('error', `${shown.name} was not deleted`, inWords(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <DialogTrigger>
      <Button className="button" data-tone="danger">
        Delete
      </Button>
      <ModalOverlay isDismissable className="fixed inset-0 z-40 grid place-items-center bg-black/35 p-6">
        <Modal className="rise w-full max-w-[420px] rounded-2xl border border-line bg-raised shadow-lift">
          <Dialog role="alertdialog" className="p-6 outline-none">
            {({ close }) => (
              <>
                <Heading slot="title" className="text-[17px] font-[640] tracking-[-0.01em]">
                  Delete {kindOf(shown.resource).toLowerCase()} {shown.name}?
                </Heading>
                <p className="mt-1.5 text-ink-2">
                  {CONSEQUENCES[shown.resource] ?? 'This cannot be taken back.'}
                </p>
                <div className="mt-5 flex justify-end gap-2">
                  <button type="button" className="button" onClick={close}>
                    Keep it
                  </button>
                  <button
                    type="button"
                    className="button"
                    data-tone="danger"
                    disabled={busy}
                    onClick={() => void remove(close)}
                  >
                    {busy ? 'Deleting…' : 'Delete'}
                  </button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
