/** A program that prints what it is sent over HTTP, a line of JSON each; a line of input is the status to answer with. */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

let status = 200;
const print = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const server = createServer((asked, answer) => {
  const parts: Buffer[] = [];
  asked.on('data', (part: Buffer) => parts.push(part));
  asked.on('end', () => {
    const { method = '', url = '', headers } = asked;
    const body = Buffer.concat(parts).toString();
    if (status === 200) print({ method, url, type: headers['content-type'] ?? '', body });
    answer.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
});
server.listen(0, '127.0.0.1', () => {
  print({ address: server.address() });
});
createInterface(process.stdin)
  .on('line', (line) => {
    status = Number(line);
    print({ status });
  })
  .on('close', () => {
    process.exit(0);
  });
