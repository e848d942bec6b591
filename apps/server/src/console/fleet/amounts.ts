import { quantityMillis, quantityValue, tryParseQuantity } from '@wheelhouse/shared/meta/quantity';

/** Thousandths of a CPU, for drawing; undefined when there is none or it cannot be read. */
export function milliCpu(quantity: string | undefined): number | undefined {
  return quantity === undefined || !tryParseQuantity(quantity) ? undefined : quantityMillis(quantity);
}

/** Bytes, or a plain count. */
export function wholeAmount(quantity: string | undefined): number | undefined {
  return quantity === undefined || !tryParseQuantity(quantity) ? undefined : quantityValue(quantity);
}
