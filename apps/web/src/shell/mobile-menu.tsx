'use client';
import { Button, Dialog, DialogTrigger, Modal, ModalOverlay } from 'react-aria-components';
import { NavigationLinks } from './sidebar';

/** The sidebar of narrow screens. */
export function MobileMenu() {
  return (
    <DialogTrigger>
      <Button
        className="grid h-9 w-9 place-items-center rounded-lg text-ink-2 hover:bg-(--wash) md:hidden"
        aria-label="Menu"
      >
        <svg
          width="18"
          height="18"
          viewBox="0 0 18 18"
          stroke="currentColor"
          strokeWidth="1.7"
          strokeLinecap="round"
          aria-hidden="true"
        >
          <path d="M2.5 5h13M2.5 9h13M2.5 13h13" />
        </svg>
      </Button>
      <ModalOverlay isDismissable className="fixed inset-0 z-40 bg-black/30">
        <Modal className="h-full w-[248px] border-r border-line bg-paper shadow-lift">
          <Dialog aria-label="Menu" className="h-full overflow-y-auto p-3 outline-none">
            {({ close }) => <NavigationLinks onNavigate={close} />}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
