const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const ipv6Characters = /^[0-9a-f:.]{2,45}$/i;

/** An IPv4 node's address in an IPv6 socket (RFC 4291, 2.5.5.2): on the wire it is IPv4, and policies mean that. */
const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * An IP address in the one spelling that everything else compares: IPv4 in dotted form, also where it was
 * mapped into IPv6, IPv6 in lower case with the longest run of zeros shortened (RFC 5952). Null for anything else; a zone
 * index (`%eth0`) means nothing to other machines, so an address with one is no address here.
 */
export function canonicalAddress(text: string): string | null {
  if (ipv4.test(text)) return text;
  if (!ipv6Characters.test(text) || !URL.canParse(`http://[${text}]`)) return null;
  const address = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const found = mapped.exec(address);
  if (found === null) return address;
  const [high, low] = [Number.parseInt(found[1] ?? '', 16), Number.parseInt(found[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
