//! What is to be heard in recordings.

/// The samples of a WAV file of 16 bits and one channel, as Asterisk writes them: 8,000 a second.
pub(crate) fn wav(file: &[u8]) -> Vec<i16> {
    let (pairs, _) = file.get(HEADER..).unwrap_or_default().as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// How many bytes stand before the samples.
const HEADER: usize = 44;

/// Whether a [phone's voice](super::phone) is to be heard somewhere in it: a loud tone of 500 Hz.
pub(crate) fn is_voice(samples: &[i16]) -> bool {
    samples.chunks_exact(BLOCK).any(|block| {
        let power: f64 = block.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        // How much of it is at 500 Hz: 16 samples are one wave.
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in (0_u32..).zip(block) {
            let angle = f64::from(n) * std::f64::consts::TAU / 16.0;
            sine += f64::from(*sample) * angle.sin();
            cosine += f64::from(*sample) * angle.cos();
        }
        let tone = (sine * sine + cosine * cosine) * 2.0 / BLOCK_F;
        power / BLOCK_F > LOUD && tone > power / 2.0
    })
}

/// A tenth of a second.
const BLOCK: usize = 800;
const BLOCK_F: f64 = 800.0;

/// The square of 1,000, where 32,767 is the loudest.
const LOUD: f64 = 1e6;
