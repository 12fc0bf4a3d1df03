/**
 * A host behind a tap, as a virtual machine would be: opens the tap and answers ARP requests and
 * pings for one address. Python, for Node has no ioctl. Arguments: interface, MAC, IPv4 address.
 * Formats: linux/if_tun.h; RFC 826; RFC 791, 792.
 */
export const TAP_HOST = `
import fcntl, os, socket, struct, sys

name, mac, ip = sys.argv[1], bytes.fromhex(sys.argv[2].replace(':', '')), socket.inet_aton(sys.argv[3])
tun = os.open('/dev/net/tun', os.O_RDWR)
IFF_TAP, IFF_NO_PI, TUNSETIFF = 0x0002, 0x1000, 0x400454ca
fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))

def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

while True:
    frame = os.read(tun, 65536)
    source, kind, body = frame[6:12], frame[12:14], frame[14:]
    if kind == b'\\x08\\x06' and body[6:8] == b'\\0\\1' and body[24:28] == ip:
        answer = body[:6] + b'\\0\\2' + mac + ip + body[8:18]
        os.write(tun, source + mac + kind + answer)
    elif kind == b'\\x08\\x00' and body[9] == 1 and body[16:20] == ip and body[20] == 8:
        header = bytearray(body[:20])
        header[12:16], header[16:20] = body[16:20], body[12:16]
        length = struct.unpack('!H', body[2:4])[0]
        echo = b'\\0\\0\\0\\0' + body[24:length]
        padded = echo + b'\\0' * (len(echo) % 2)
        echo = echo[:2] + struct.pack('!H', checksum(padded)) + echo[4:]
        os.write(tun, source + mac + kind + bytes(header) + echo)
`;
