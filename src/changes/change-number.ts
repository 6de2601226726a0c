/** What people call a change; its UUID is for machines. */
export function changeNumber(number: number): string {
  return `CHG-${number}`;
}
