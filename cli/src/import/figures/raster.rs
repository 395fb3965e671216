//! PNG and JPEG figures. The pixels stay as they are if they fit; metadata, such as the place of a photo, is left out.

use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits};
use shared::domain::catalog::figures::FIGURE_BYTES_MAX;

use super::Image;

/// Maximum number of pixels.
const PIXELS_MAX: u64 = 16_000_000;
/// Maximum bytes of decoded pixels.
const DECODED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Qualities at which a JPEG that is too large is tried.
const QUALITIES: [u8; 3] = [85, 70, 50];
/// Quality of a JPEG that is turned.
const TURNED_QUALITY: u8 = 90;

/// Writes a PNG again, with the same pixels.
pub(super) fn png(bytes: &[u8]) -> Result<Image, String> {
    let unreadable = |error: png::DecodingError| format!("the PNG cannot be read: {error}");
    let limits = png::Limits { bytes: DECODED_BYTES_MAX };
    let mut reader = png::Decoder::new_with_limits(Cursor::new(bytes), limits).read_info().map_err(unreadable)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    check_size(width, height)?;
    let (color, depth, palette, trns) = (info.color_type, info.bit_depth, info.palette.clone(), info.trns.clone());
    let size = reader.output_buffer_size().filter(|size| *size <= DECODED_BYTES_MAX);
    let mut pixels = vec![0; size.ok_or("the PNG cannot be read: it is too large")?];
    let frame = reader.next_frame(&mut pixels).map_err(unreadable)?;
    pixels.truncate(frame.buffer_size());

    let mut written = Vec::new();
    let mut encoder = png::Encoder::new(&mut written, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::High);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    if let Some(trns) = trns {
        encoder.set_trns(trns);
    }
    let unwritten = |error: png::EncodingError| format!("the PNG cannot be written: {error}");
    let mut writer = encoder.write_header().map_err(unwritten)?;
    writer.write_image_data(&pixels).map_err(unwritten)?;
    writer.finish().map_err(unwritten)?;
    Ok(Image { bytes: written, width: Some(width), height: Some(height), removed: Vec::new() })
}

/// Checks a JPEG and leaves out its metadata. Its pixels change only if it must be turned or is too large.
pub(super) fn jpeg(bytes: &[u8]) -> Result<Image, String> {
    let unreadable = |error: image::ImageError| format!("the JPEG cannot be read: {error}");
    let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX as u64);
    decoder.set_limits(limits).map_err(unreadable)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let mut written = without_metadata(bytes).ok_or("the JPEG cannot be read: its segments do not fit")?;
    let mut removed = Vec::new();
    if orientation != Orientation::NoTransforms {
        pixels.apply_orientation(orientation);
        written = encoded(&pixels, TURNED_QUALITY)?;
    }
    for quality in QUALITIES {
        if written.len() <= FIGURE_BYTES_MAX {
            break;
        }
        written = encoded(&pixels, quality)?;
        removed = vec![format!("detail (JPEG quality {quality}, since it was too large)")];
    }
    Ok(Image { bytes: written, width: Some(pixels.width()), height: Some(pixels.height()), removed })
}

fn check_size(width: u32, height: u32) -> Result<(), String> {
    let is_too_large = u64::from(width) * u64::from(height) > PIXELS_MAX;
    if is_too_large { Err(format!("{width} × {height} pixels are more than {PIXELS_MAX}")) } else { Ok(()) }
}

fn encoded(pixels: &DynamicImage, quality: u8) -> Result<Vec<u8>, String> {
    let mut written = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut written, quality);
    // JPEG has no transparency and eight bits a colour.
    let pixels = DynamicImage::ImageRgb8(pixels.to_rgb8());
    pixels.write_with_encoder(encoder).map_err(|error| format!("the JPEG cannot be written: {error}"))?;
    Ok(written)
}

/// The segments of a JPEG without comments and application data, except the two that say how to decode colours, and without
/// what follows its end. `None` if the segments do not fit.
fn without_metadata(bytes: &[u8]) -> Option<Vec<u8>> {
    const START: [u8; 2] = [0xff, 0xd8];
    const END: [u8; 2] = [0xff, 0xd9];
    let mut rest = bytes.strip_prefix(&START)?;
    let mut kept = START.to_vec();
    loop {
        let [0xff, marker, ..] = rest else { return None };
        if *marker == 0xff {
            // A fill byte.
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?])) + 2;
        let segment = rest.get(..length)?;
        match marker {
            // The scans: in their data 0xff is followed by 0x00, so the first end marker is the end.
            0xda => {
                let end = rest.windows(2).position(|pair| pair == END)?;
                kept.extend(&rest[..end + END.len()]);
                return Some(kept);
            }
            0xe1..=0xed | 0xef | 0xfe => {}
            _ => kept.extend(segment),
        }
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn pixels(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([x * 7, y * 13, x * y].map(|value| value.to_le_bytes()[0])))
    }

    fn photo(width: u32, height: u32) -> Vec<u8> {
        encoded(&DynamicImage::ImageRgb8(pixels(width, height)), 95).unwrap()
    }

    fn png_of(color: png::ColorType, depth: png::BitDepth, data: &[u8], palette: Option<&'static [u8]>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 4, 2);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if let Some(palette) = palette {
            encoder.set_palette(palette);
            encoder.set_trns(vec![0_u8, 255]);
        }
        encoder.add_text_chunk("Author".to_owned(), "SECRET".to_owned()).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_png_keeps_its_pixels_and_palette_and_loses_its_metadata() {
        let palette: &[u8] = &[0, 0, 0, 255, 0, 0];
        for (color, depth, data, palette) in [
            (png::ColorType::Indexed, png::BitDepth::One, vec![0b1010_0000, 0b0101_0000], Some(palette)),
            (png::ColorType::Grayscale, png::BitDepth::Sixteen, (0..16).collect(), None),
            (png::ColorType::Rgba, png::BitDepth::Eight, (0..32).collect(), None),
        ] {
            let original = png_of(color, depth, &data, palette);
            assert!(original.windows(6).any(|window| window == b"SECRET"));
            let written = png(&original).unwrap();
            assert_eq!((written.width, written.height), (Some(4), Some(2)));
            assert!(!written.bytes.windows(6).any(|window| window == b"SECRET"));
            let mut reader = png::Decoder::new(Cursor::new(&written.bytes)).read_info().unwrap();
            assert_eq!((reader.info().color_type, reader.info().bit_depth), (color, depth));
            assert_eq!(reader.info().palette.as_deref(), palette);
            let mut read = vec![0; reader.output_buffer_size().unwrap()];
            let _ = reader.next_frame(&mut read).unwrap();
            assert_eq!(read, data);
            assert_eq!(png(&written.bytes).unwrap().bytes, written.bytes, "a second time changes nothing");
        }
    }

    #[test]
    fn a_jpeg_keeps_its_pixels_and_loses_its_metadata_and_what_follows_it() {
        let plain = photo(40, 20);
        let mut original = plain[..2].to_vec();
        original.extend([0xff, 0xfe, 0, 8]);
        original.extend(b"SECRET");
        original.extend(&plain[2..]);
        original.extend(b"<script>SECRET");
        let written = jpeg(&original).unwrap();
        assert_eq!((written.bytes.as_slice(), written.width, written.height), (plain.as_slice(), Some(40), Some(20)));
        assert_eq!(jpeg(&written.bytes).unwrap().bytes, written.bytes);
    }

    #[test]
    fn a_photo_that_was_taken_sideways_is_turned() {
        let plain = photo(40, 20);
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut original = plain[..2].to_vec();
        original.extend([0xff, 0xe1, 0, u8::try_from(exif.len() + 2).unwrap()]);
        original.extend(exif);
        original.extend(&plain[2..]);
        let written = jpeg(&original).unwrap();
        assert_eq!((written.width, written.height), (Some(20), Some(40)));
        assert_eq!(jpeg(&written.bytes).unwrap().bytes, written.bytes);
    }

    #[test]
    fn a_large_jpeg_is_made_smaller_and_this_is_told() {
        let mut noise = fastrand::Rng::with_seed(1);
        let picture = RgbImage::from_fn(700, 500, |_, _| image::Rgb([noise.u8(..), noise.u8(..), noise.u8(..)]));
        let original = encoded(&DynamicImage::ImageRgb8(picture), 95).unwrap();
        assert!(original.len() > FIGURE_BYTES_MAX);
        let written = jpeg(&original).unwrap();
        assert!(written.bytes.len() < original.len());
        assert!(written.removed[0].starts_with("detail (JPEG quality "), "{:?}", written.removed);
    }

    #[test]
    fn broken_and_huge_images_are_refused() {
        let original = png_of(png::ColorType::Rgba, png::BitDepth::Eight, &[7; 32], None);
        let photo = photo(40, 20);
        for cut in (0..original.len() - 12).step_by(7) {
            assert!(png(&original[..cut]).is_err(), "{cut}");
        }
        assert!(jpeg(&photo[..photo.len() / 3]).is_err());
        let mut huge = original.clone();
        huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert!(png(&huge).is_err(), "65,536 × 65,536 pixels");
        assert!(check_size(4_001, 4_000).is_err() && check_size(4_000, 4_000).is_ok());
    }
}
