import { createRequire } from 'node:module';
import type { FaceName } from './theme.js';

const { resolve } = createRequire(import.meta.url);

/** Files of the three faces (DejaVu, embedded as subsets). pdfkit knows a face by its path. */
export const fontFiles: Readonly<Record<FaceName, string>> = {
  body: resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'),
  bold: resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf'),
  mono: resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf'),
};
