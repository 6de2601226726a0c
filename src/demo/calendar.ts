/** The days of the estate, and when its traffic is high. All times are UTC, in milliseconds since 1970. */

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How long the estate's history is. */
export const daysOfHistory = 30;

function isWeekend(instant: number): boolean {
  const weekday = new Date(instant).getUTCDay();
  return weekday === 0 || weekday === 6;
}

function clockTime(text: string): number {
  const [hours = NaN, minutes = NaN] = text.split(':').map(Number);
  return hours * hour + minutes * minute;
}

/** The thirty days that end at a given time. */
export class Calendar {
  readonly from: number;
  readonly to: number;
  private readonly workdays: readonly number[];

  /** @throws RangeError when `end` is not a valid date */
  constructor(end: Date) {
    this.to = end.getTime();
    if (Number.isNaN(this.to)) throw new RangeError('expected the end of the estate to be a valid date');
    this.from = this.to - daysOfHistory * day;
    const firstMidnight = Math.floor(this.from / day) * day + day;
    // 29 whole days lie inside the period, whatever the time of day of its end; 20 or 21 of them are workdays.
    const midnights = Array.from({ length: daysOfHistory - 1 }, (_, at) => firstMidnight + at * day);
    this.workdays = midnights.filter((midnight) => !isWeekend(midnight));
  }

  /** So long (`1:30`) after the start. */
  afterStart(duration: string): number {
    return this.from + clockTime(duration);
  }

  /**
   * A time of day on the nth workday, 1 to 20.
   *
   * @throws RangeError for a day that the period does not have
   */
  on(workday: number, time: string): number {
    const midnight = this.workdays[workday - 1];
    if (midnight === undefined) throw new RangeError(`expected a workday from 1 to 20, got ${workday}`);
    return midnight + clockTime(time);
  }
}

/**
 * When traffic of a kind runs: `shop` follows customers, `office` staff in working hours, `nightly` the settlement
 * job, `steady` machines at any hour.
 */
export type Rhythm = 'shop' | 'office' | 'nightly' | 'steady';

const shopHours = [
  0.3, 0.22, 0.17, 0.15, 0.16, 0.22, 0.35, 0.52, 0.7, 0.85, 0.95, 1, 1.05, 1, 0.95, 0.95, 1, 1.1, 1.2, 1.25, 1.15, 0.95,
  0.7, 0.45,
];
const officeHours = new Map([
  [7, 0.5],
  [8, 0.9],
  [9, 1],
  [10, 1],
  [11, 0.9],
  [12, 0.6],
  [13, 0.9],
  [14, 1],
  [15, 1],
  [16, 0.7],
  [17, 0.3],
]);
const nightlyHours = new Map([
  [1, 1],
  [2, 0.7],
  [3, 0.15],
]);

/** How much of a rhythm's traffic runs in the hour that begins at an instant; about 1 at its height. */
export function intensity(rhythm: Rhythm, instant: number): number {
  const hourOfDay = new Date(instant).getUTCHours();
  switch (rhythm) {
    case 'shop':
      return (shopHours[hourOfDay] ?? 1) * (isWeekend(instant) ? 0.75 : 1);
    case 'office':
      return (isWeekend(instant) ? 0.04 : 1) * (officeHours.get(hourOfDay) ?? 0.03);
    case 'nightly':
      return nightlyHours.get(hourOfDay) ?? 0.01;
    case 'steady':
      return 1;
  }
}
