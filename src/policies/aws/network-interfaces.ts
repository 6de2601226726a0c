/** Network interfaces of AWS, as DescribeNetworkInterfaces and DescribeInstances answer, into the topology of simulations. */

import { z } from 'zod';
import type { Pod, Topology } from '../simulation/topology.js';
import { groupLabel } from './security-groups.js';

const groups = z.array(z.object({ GroupId: z.string() })).default([]);

const networkInterface = z.object({
  NetworkInterfaceId: z.string(),
  VpcId: z.string().default(''),
  Groups: groups,
  PrivateIpAddress: z.string().optional(),
  PrivateIpAddresses: z.array(z.object({ PrivateIpAddress: z.string() })).default([]),
  Ipv6Addresses: z.array(z.object({ Ipv6Address: z.string() })).default([]),
  Attachment: z.object({ InstanceId: z.string().optional() }).optional(),
});

const interfacesAnswer = z.object({ NetworkInterfaces: z.array(networkInterface) });

const instancesAnswer = z.object({
  Reservations: z.array(
    z.object({
      Instances: z.array(
        z.object({ InstanceId: z.string(), NetworkInterfaces: z.array(networkInterface).default([]) }),
      ),
    }),
  ),
});

function asPod(read: z.infer<typeof networkInterface>, instance: string | undefined): Pod {
  const ips = [
    ...(read.PrivateIpAddress === undefined ? [] : [read.PrivateIpAddress]),
    ...read.PrivateIpAddresses.map(({ PrivateIpAddress: ip }) => ip),
    ...read.Ipv6Addresses.map(({ Ipv6Address: ip }) => ip),
  ];
  const labels = read.Groups.map(({ GroupId: id }): [string, string] => [groupLabel(id), '']);
  if (instance !== undefined) labels.push(['aws:instance', instance]);
  return {
    key: `${read.VpcId}/${read.NetworkInterfaceId}[NetworkInterface]`,
    namespace: read.VpcId,
    name: read.NetworkInterfaceId,
    labels: Object.fromEntries(labels),
    ips: [...new Set(ips)],
    namedPorts: [],
    hostNetwork: false,
  };
}

/**
 * Reads answers of DescribeNetworkInterfaces and DescribeInstances; other objects are passed over. Each interface is
 * one member under the key `vpc/interface[NetworkInterface]`, with its VPC for a namespace and a label for each of its
 * groups; one that both answers have is read once.
 *
 * @throws z.ZodError when an object with one of these answers has another shape
 */
export function importNetworkInterfaces(objects: readonly unknown[]): Topology {
  const pods = new Map<string, Pod>();
  const add = (read: z.infer<typeof networkInterface>, instance: string | undefined) => {
    const pod = asPod(read, instance);
    if (!pods.has(pod.key)) pods.set(pod.key, pod);
  };
  for (const object of objects) {
    if (typeof object !== 'object' || object === null) continue;
    if ('NetworkInterfaces' in object)
      for (const read of interfacesAnswer.parse(object).NetworkInterfaces) add(read, read.Attachment?.InstanceId);
    if ('Reservations' in object)
      for (const { InstanceId: id, NetworkInterfaces: list } of instancesAnswer
        .parse(object)
        .Reservations.flatMap(({ Instances: instances }) => instances))
        for (const read of list) add(read, id);
  }
  const namespaces = [...new Set([...pods.values()].map(({ namespace }) => namespace))];
  return { namespaces: namespaces.map((name) => ({ name, labels: {} })), pods: [...pods.values()] };
}
