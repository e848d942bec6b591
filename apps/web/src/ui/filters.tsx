'use client';
import type { ReactNode } from 'react';

/** The row of filters over a list; the same on every page that has one. */
export function Filters({ children }: { children: ReactNode }) {
  return <div className="mb-3 flex flex-wrap items-center gap-2">{children}</div>;
}

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Stands in the empty field. */
  readonly hint: string;
  /** What it finds, for those who do not see it; default the hint. */
  readonly label?: string;
  readonly width?: string;
}

export function FilterField({ value, onChange, hint, label = hint, width = '260px' }: FieldProps) {
  return (
    <input
      className="field"
      style={{ width }}
      type="search"
      placeholder={hint}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

interface ChoiceProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly string[];
  /** The choice of everything. */
  readonly any: string;
  readonly label: string;
}

export function FilterChoice({ value, onChange, options, any, label }: ChoiceProps) {
  return (
    <select
      className="field"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{any}</option>
      {options.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

interface ToggleProps {
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
  readonly children: ReactNode;
}

export function FilterToggle({ on, onChange, children }: ToggleProps) {
  return (
    <button
      type="button"
      className={`button px-2.5 text-[12.5px] ${on ? 'border-line-strong! bg-raised!' : 'text-ink-3!'}`}
      aria-pressed={on}
      onClick={() => onChange(!on)}
    >
      {children}
    </button>
  );
}
