/**
 * Parts of pdfkit 0.20 that its type package does not describe. Each line names what the pages
 * need and nothing more; the compiled module is empty.
 */
declare global {
  namespace PDFKit {
    interface PDFDocument {
      /** The font in use: its glyphs, and by subset glyph the text that copying it gives. */
      readonly _font: {
        readonly font: { hasGlyphForCodePoint(codePoint: number): boolean };
        readonly unicode: number[][];
      };
    }

    interface PDFOutline {
      readonly dictionary: { readonly data: Record<string, unknown> };
      addItem(
        title: string,
        options: { readonly pageNumber?: number; readonly top?: number; readonly left?: number },
      ): PDFOutline;
    }

    namespace Mixins {
      interface PDFAttachmentOptions {
        relationship?: string;
      }

      interface StructureElementOptions {
        scope?: 'Column' | 'Row';
        bbox?: [number, number, number, number];
        placement?: 'Block' | 'Inline';
      }

      interface PDFAnnotation {
        /** The structure element makes the link reachable for screen readers; text must be a String object. */
        goTo(
          x: number,
          y: number,
          width: number,
          height: number,
          destination: string,
          options: { readonly structParent: PDFStructureElement; readonly Contents: object },
        ): this;
      }
    }
  }
}

export {};
