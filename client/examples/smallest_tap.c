/* The smallest tap in C: smallest_tap STREAM [FRAMES] */
#include <camtap/camtap.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(void) {
    return fprintf(stderr, "%s\n", camtap_last_error()), 1;
}

int main(int argc, char** argv) {
    camtap_tap* tap = NULL;
    if (camtap_tap_open(argc > 1 ? argv[1] : "front", NULL, &tap) != CAMTAP_OK) return fail();
    for (long left = argc > 2 ? atol(argv[2]) : -1; left != 0; left -= left > 0) {
        camtap_frame* frame = NULL;
        if (camtap_tap_next(tap, -1, &frame) != CAMTAP_OK) return fail();
        const camtap_frame_info* info = camtap_frame_get_info(frame);
        const unsigned char* pixels = camtap_frame_data(frame);
        printf("frame %llu: %ux%u, first byte %u\n", (unsigned long long)info->sequence, info->image.width,
               info->image.height, pixels[0]);
        camtap_frame_release(frame);
    }
    camtap_tap_close(tap);
    return 0;
}
