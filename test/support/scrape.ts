/** Fetches a page over HTTP, as Prometheus or curl would. */
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { parseExposition, type Family } from './exposition.js';

export interface Fetched {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** @throws Error when there is no answer */
export function fetchPage(
  options: RequestOptions & { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer },
): Promise<Fetched> {
  const request = options.ca === undefined ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const asked = request({ path: '/metrics', agent: false, ...options }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status, type: headers['content-type'] ?? '', text });
      });
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** The metrics of a daemon that has them on a unix socket. */
export async function scrape(socketPath: string): Promise<Map<string, Family>> {
  const { status, text } = await fetchPage({ socketPath });
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return parseExposition(text);
}
