'use client';
import { type ReactNode, useEffect } from 'react';
import { Detail } from '../detail/detail';
import { connect, useConnection } from '../fleet/connection';
import { usePreviewFeed } from '../scale/preview';
import { Toasts } from '../ui/toasts';
import { restoreUi } from '../ui/ui-store';
import { Boundary } from './boundary';
import { Header } from './header';
import { LostBanner } from './lost-banner';
import { Page } from './page';
import { Palette } from './palette';
import { Sidebar } from './sidebar';
import { SignedOut } from './signed-out';

/** What stands around every page: instruments on top, the way on the left, the detail on the right. */
export function Shell({ children }: { children: ReactNode }) {
  const status = useConnection((state) => state.status);
  useEffect(() => {
    restoreUi();
    return connect();
  }, []);
  usePreviewFeed();

  if (status === 'signed-out') return <SignedOut />;
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[56px_auto_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-raised focus:px-3 focus:py-2"
      >
        To the content
      </a>
      <Header />
      <LostBanner />
      <div className="row-start-3 grid min-h-0 grid-cols-[minmax(0,1fr)] md:grid-cols-[208px_minmax(0,1fr)]">
        <Sidebar />
        <div className="relative min-h-0 overflow-hidden">
          <main
            id="main"
            className={`chart h-full overflow-x-hidden overflow-y-auto ${status === 'lost' ? 'stale' : 'fresh'}`}
          >
            <Boundary>
              <Page>{children}</Page>
            </Boundary>
          </main>
          <Boundary>
            <Detail />
          </Boundary>
        </div>
      </div>
      <Palette />
      <Toasts />
    </div>
  );
}
