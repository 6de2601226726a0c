const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const ipv6Characters = /^[0-9a-f:.]{2,45}$/i;

/**
 * An IP address in the one spelling that everything else compares: IPv4 in dotted form, IPv6 in
 * lower case with the longest run of zeros shortened (RFC 5952). Null for anything else; a zone
 * index (`%eth0`) means nothing to other machines, so an address with one is no address here.
 */
export function canonicalAddress(text: string): string | null {
  if (ipv4.test(text)) return text;
  if (!ipv6Characters.test(text) || !URL.canParse(`http://[${text}]`)) return null;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
