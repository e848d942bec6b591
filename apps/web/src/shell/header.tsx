'use client';
import Link from 'next/link';
import {
  Button,
  Menu,
  Header as MenuHeading,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
} from 'react-aria-components';
import { useConnection } from '../fleet/connection';
import { setTheme, type Theme, useUi } from '../ui/ui-store';
import { LiveChip } from './live-chip';
import { MobileMenu } from './mobile-menu';
import { NamespaceFilter } from './namespace-filter';
import { Wheel } from './wheel';

export function Header() {
  return (
    <header className="z-20 flex items-center gap-3 border-b border-line bg-paper px-4 md:gap-4 md:px-5">
      <MobileMenu />
      <Link
        href="/"
        className="flex items-center gap-2.5 font-[650] tracking-[-0.01em] md:w-[188px]"
        aria-label="Wheelhouse, to the bridge"
      >
        <Wheel className="text-brass transition-transform duration-500 hover:rotate-45" />
        <span className="hidden sm:inline">Wheelhouse</span>
      </Link>
      <button
        type="button"
        onClick={() => useUi.setState({ paletteOpen: true })}
        className="flex h-[34px] min-w-0 max-w-[430px] flex-1 items-center justify-between gap-2 rounded-lg border border-line bg-sea px-3 text-ink-3 hover:border-line-strong"
      >
        <span className="truncate">Find or do anything</span>
        <kbd className="hidden rounded border border-line px-1.5 font-mono text-[11px] sm:block">⌘K</kbd>
      </button>
      <NamespaceFilter />
      <span className="flex-1" />
      <LiveChip />
      <UserMenu />
    </header>
  );
}

const THEMES: readonly { id: Theme; name: string }[] = [
  { id: 'system', name: 'As the system' },
  { id: 'light', name: 'Light' },
  { id: 'dark', name: 'Dark' },
];

function UserMenu() {
  const user = useConnection((state) => state.user);
  const theme = useUi((state) => state.theme);
  return (
    <MenuTrigger>
      <Button
        className="chip hover:border-line-strong"
        aria-label={`Signed in as ${user ?? 'unknown'}; appearance`}
      >
        {user ?? '–'}
      </Button>
      <Popover
        placement="bottom end"
        className="rise min-w-[180px] rounded-xl border border-line bg-raised p-1.5 shadow-lift"
      >
        <Menu
          className="outline-none"
          aria-label="Appearance and session"
          selectionMode="single"
          selectedKeys={[theme]}
          onAction={(key) => {
            const chosen = THEMES.find(({ id }) => id === key);
            if (chosen) setTheme(chosen.id);
            else if (key === 'signout') void signOut();
          }}
        >
          <MenuSection>
            <MenuHeading className="px-2.5 pt-1 pb-1 text-[12px] text-ink-3">Appearance</MenuHeading>
            {THEMES.map(({ id, name }) => (
              <MenuItem key={id} id={id} className="menu-item">
                {({ isSelected }) => (
                  <>
                    <span className="w-4 text-brass-ink">{isSelected ? '●' : ''}</span>
                    {name}
                  </>
                )}
              </MenuItem>
            ))}
          </MenuSection>
          <MenuItem id="signout" className="menu-item mt-1 border-t border-line">
            <span className="w-4" />
            Sign out
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

async function signOut(): Promise<void> {
  await fetch('/signout', { method: 'POST', redirect: 'manual' });
  window.location.assign('/');
}
