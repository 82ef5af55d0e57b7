//! Paints egui's triangles on the processor, so that pictures of the window are the same on every machine and need no graphics driver.
//! Colours and blending are those of egui's own painters: premultiplied, in gamma space.

use egui::{
    Color32, Mesh, TextureId, TexturesDelta,
    epaint::{ClippedPrimitive, ImageData, Primitive},
};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};
use std::collections::HashMap;

struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
}

impl Texture {
    /// The colour at a place, 0 to 1 each way, blended of the four nearest.
    fn at(&self, u: f32, v: f32) -> [f32; 4] {
        let place = |share: f32, count: usize| (share * count as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let (x, y) = (place(u, self.size[0]), place(v, self.size[1]));
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.size[0] - 1), (y0 + 1).min(self.size[1] - 1));
        let (tx, ty) = (x - x0 as f32, y - y0 as f32);
        let pixel = |x: usize, y: usize| self.pixels[y * self.size[0] + x].to_array().map(f32::from);
        let corners = [
            (pixel(x0, y0), (1.0 - tx) * (1.0 - ty)),
            (pixel(x1, y0), tx * (1.0 - ty)),
            (pixel(x0, y1), (1.0 - tx) * ty),
            (pixel(x1, y1), tx * ty),
        ];
        std::array::from_fn(|c| corners.iter().map(|(pixel, share)| pixel[c] * share).sum::<f32>() / 255.0)
    }
}

/// The painter.
#[derive(Default)]
pub struct Painter {
    textures: HashMap<TextureId, Texture>,
}

impl TestRenderer for Painter {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, deltas) in delta.set.drain() {
            for delta in deltas {
                let ImageData::Color(image) = &delta.image;
                match delta.pos {
                    None => {
                        let texture = Texture { size: image.size, pixels: image.pixels.clone() };
                        self.textures.insert(id, texture);
                    }
                    Some([x, y]) => {
                        let texture = self.textures.get_mut(&id).expect("a texture is made before it is patched");
                        for (row, pixels) in image.pixels.chunks(image.size[0]).enumerate() {
                            let from = (y + row) * texture.size[0] + x;
                            texture.pixels[from..from + pixels.len()].copy_from_slice(pixels);
                        }
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as u32, size.y.round() as u32);
        let mut canvas = vec![[0.0, 0.0, 0.0, 1.0_f32]; (width * height) as usize];
        for ClippedPrimitive { clip_rect, primitive } in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = primitive else { return Err("the window paints triangles only".into()) };
            let edge = |at: f32, most: u32| (at * scale).round().clamp(0.0, most as f32) as u32;
            let clip = [
                edge(clip_rect.min.x, width),
                edge(clip_rect.min.y, height),
                edge(clip_rect.max.x, width),
                edge(clip_rect.max.y, height),
            ];
            let texture = self.textures.get(&mesh.texture_id).ok_or("a texture is missing")?;
            paint(&mut canvas, width, clip, &mesh, texture, scale);
        }
        Ok(RgbaImage::from_fn(width, height, |x, y| {
            let [r, g, b, _] = canvas[(y * width + x) as usize].map(|c| (255.0 * c).round().clamp(0.0, 255.0) as u8);
            Rgba([r, g, b, 255])
        }))
    }
}

fn paint(canvas: &mut [[f32; 4]], width: u32, clip: [u32; 4], mesh: &Mesh, texture: &Texture, scale: f32) {
    for triangle in mesh.indices.chunks_exact(3) {
        let corners = [0, 1, 2].map(|n| &mesh.vertices[triangle[n] as usize]);
        let at = corners.map(|v| [v.pos.x * scale, v.pos.y * scale]);
        let cross = |a: [f32; 2], b: [f32; 2], p: [f32; 2]| (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
        let area = cross(at[0], at[1], at[2]);
        if area == 0.0 {
            continue;
        }
        let span = |axis: usize, low: u32, high: u32| {
            let (least, most) = at.iter().fold((f32::MAX, f32::MIN), |(l, m), p| (l.min(p[axis]), m.max(p[axis])));
            (least.floor().max(low as f32) as u32, (most.ceil().max(0.0) as u32).min(high))
        };
        let ((x0, x1), (y0, y1)) = (span(0, clip[0], clip[2]), span(1, clip[1], clip[3]));
        // A pixel on the edge between two triangles belongs to one of them only.
        let owns = |a: [f32; 2], b: [f32; 2]| {
            let (dx, dy) = if area > 0.0 { (b[0] - a[0], b[1] - a[1]) } else { (a[0] - b[0], a[1] - b[1]) };
            dy < 0.0 || (dy == 0.0 && dx > 0.0)
        };
        let edges = [owns(at[1], at[2]), owns(at[2], at[0]), owns(at[0], at[1])];
        let plain = corners.iter().all(|v| v.uv == corners[0].uv);
        for y in y0..y1 {
            for x in x0..x1 {
                let p = [x as f32 + 0.5, y as f32 + 0.5];
                let shares = [cross(at[1], at[2], p), cross(at[2], at[0], p), cross(at[0], at[1], p)].map(|w| w / area);
                if shares.iter().zip(edges).any(|(share, owns)| *share < 0.0 || (*share == 0.0 && !owns)) {
                    continue;
                }
                let mix = |of: &dyn Fn(usize) -> f32| (0..3).map(|n| shares[n] * of(n)).sum::<f32>();
                let texel = if plain {
                    texture.at(corners[0].uv.x, corners[0].uv.y)
                } else {
                    texture.at(mix(&|n| corners[n].uv.x), mix(&|n| corners[n].uv.y))
                };
                let colours = corners.map(|v| v.color.to_array().map(|c| f32::from(c) / 255.0));
                let pixel = &mut canvas[(y * width + x) as usize];
                let source: [f32; 4] = std::array::from_fn(|c| mix(&|n| colours[n][c]) * texel[c]);
                for (below, above) in pixel.iter_mut().zip(source) {
                    *below = above + *below * (1.0 - source[3]);
                }
            }
        }
    }
}
